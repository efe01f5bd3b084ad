-- Stock by period and site: value times days held, at the rate of the period's end. The rows that a site has for a day
-- are all that lay there, and it lay there until the site's next day with rows, at most until `today`.
SELECT p, site, product, toFloat64(ifNull(sum(worth), 0)) AS held, countIf(isNull(worth)) AS unpriced,
    sum(below) AS negative
FROM (
    SELECT f.p AS p, f.site AS site, f.product AS product, f.below AS below, f.d AS d,
        toDecimal128(toFloat64(f.value) * f.days * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6)
            AS worth
    FROM (
        SELECT v.site AS site, v.product AS product, v.currency AS currency, v.value AS value, v.below AS below, v.d AS d,
            least(s.until - 1, {lasts:Array(Int64)}[p], {today:Int64}) - greatest(v.d, {firsts:Array(Int64)}[p]) + 1
                AS days,
            {lasts:Array(Int64)}[p] AS priced_on,
            arrayJoin(arrayFilter(
                i -> s.until > {firsts:Array(Int64)}[i] AND v.d <= least({lasts:Array(Int64)}[i], {today:Int64})
                    AND {firsts:Array(Int64)}[i] <= {today:Int64},
                arrayEnumerate({firsts:Array(Int64)}))) AS p
        FROM (
            SELECT toString(site) AS site, if({by:String} = 'product', toString(i.product), '') AS product,
                toString(currency) AS currency, toInt64(day) AS d, sum(i.value) AS value,
                countIf(i.value < 0 OR i.quantity < 0) AS below
            FROM {inventory_snapshot:Identifier} AS i
            WHERE toInt64(day) <= {last:Int64}
                AND ({site:String} = '' OR site = {site:String})
                AND ({product:String} = '' OR i.product = {product:String})
            GROUP BY site, product, currency, d
        ) AS v
        INNER JOIN (
            SELECT site, d, leadInFrame(d, 1, toInt64(4000000)) OVER (
                PARTITION BY site ORDER BY d ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS until
            FROM (
                SELECT DISTINCT toString(site) AS site, toInt64(day) AS d FROM {inventory_snapshot:Identifier}
                WHERE {site:String} = '' OR site = {site:String}
            )
        ) AS s ON v.site = s.site AND v.d = s.d
    ) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.priced_on >= r.d
)
GROUP BY p, site, product ORDER BY p, site, product
