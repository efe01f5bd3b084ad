-- Costs by period, site and product; what names an order alone belongs to the product of that order.
SELECT p, site, product, count() AS n,
    toFloat64(ifNull(sumIf(worth, type IN ('material', 'labour', 'machine', 'overhead')), 0)) AS making,
    toFloat64(ifNull(sumIf(worth, type IN ('rework', 'warranty')), 0)) AS repair,
    toFloat64(ifNull(sumIf(worth, type = 'cogs'), 0)) AS cogs,
    countIf(type IN ('material', 'labour', 'machine', 'overhead')) AS made,
    countIf(type IN ('rework', 'warranty')) AS repaired,
    countIf(type = 'cogs') AS sold,
    countIf(isNull(worth)) AS unpriced
FROM (
    SELECT f.p AS p, f.site AS site, f.product AS product, f.type AS type,
        toDecimal128(toFloat64(f.amount) * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6) AS worth
    FROM (
        SELECT c.site AS site, if(c.product != '', c.product, o.product) AS product, c.type AS type,
            c.amount AS amount, c.currency AS currency, c.d AS d,
            arrayJoin(arrayFilter(
                i -> c.d BETWEEN {firsts:Array(Int64)}[i] AND {lasts:Array(Int64)}[i],
                arrayEnumerate({firsts:Array(Int64)}))) AS p
        FROM (
            SELECT toString(site) AS site, toString(product) AS product, order, toString(type) AS type, amount,
                toString(currency) AS currency, toInt64(day) AS d
            FROM {cost:Identifier}
            WHERE toInt64(day) BETWEEN {first:Int64} AND {last:Int64}
                AND ({site:String} = '' OR site = {site:String})
        ) AS c
        LEFT ANY JOIN (
            SELECT order, argMax(toString(w.product), (ver, source, key)) AS product
            FROM {work_order:Identifier} AS w WHERE w.product != '' GROUP BY order
        ) AS o ON c.order = o.order
        WHERE {product:String} = '' OR if(c.product != '', c.product, o.product) = {product:String}
    ) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.d >= r.d
)
GROUP BY p, site, product ORDER BY p, site, product
