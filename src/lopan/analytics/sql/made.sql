-- What work orders that ended in a period made, by site and product, with the standard cost of good and scrapped units.
-- `unvalued` orders made something and have no standard cost, `unpriced` ones have one in a currency without a rate.
SELECT p, site, product, count() AS n,
    toFloat64(sum(toDecimal128(o.good, 6))) AS good,
    toFloat64(sum(toDecimal128(o.scrap, 6))) AS scrap,
    toFloat64(ifNull(sum(toDecimal128(o.good * worth, 6)), 0)) AS standard,
    toFloat64(ifNull(sum(toDecimal128(o.scrap * worth, 6)), 0)) AS scrap_cost,
    toFloat64(sumIf(toDecimal128(o.good, 6), isNotNull(worth))) AS valued,
    countIf(o.good + o.scrap > 0 AND isNull(cost)) AS unvalued,
    countIf(o.good + o.scrap > 0 AND isNotNull(cost) AND isNull(worth)) AS unpriced
FROM (
    SELECT f.p AS p, f.site AS site, f.product AS product, f.good AS good, f.scrap AS scrap, f.std_cost AS cost,
        toFloat64(f.std_cost) * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)) AS worth
    FROM (
        SELECT toString(site) AS site, toString(product) AS product, good, scrap, std_cost,
            toString(currency) AS currency, d,
            arrayJoin(arrayFilter(
                i -> d BETWEEN {firsts:Array(Int64)}[i] AND {lasts:Array(Int64)}[i],
                arrayEnumerate({firsts:Array(Int64)}))) AS p
        FROM (
            SELECT *, {day_of(ended, site)} AS d FROM {work_order:Identifier}
            WHERE isNotNull(ended) AND ended >= {start:DateTime64(3, 'UTC')} AND ended < {end:DateTime64(3, 'UTC')}
                AND status != 'cancelled'
                AND ({site:String} = '' OR site = {site:String})
                AND ({product:String} = '' OR product = {product:String})
        )
    ) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.d >= r.d
) AS o
GROUP BY p, site, product ORDER BY p, site, product
