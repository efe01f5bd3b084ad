-- Hours by period and site: a person's time belongs to the production day on which it began. `rated` hours have a wage.
SELECT p, site, count() AS n,
    toFloat64(sum(toDecimal128(paid_hours, 6))) AS paid,
    toFloat64(sum(toDecimal128(direct_hours, 6))) AS direct,
    toFloat64(sum(toDecimal128(earned_hours, 6))) AS earned,
    toFloat64(ifNull(sum(wage), 0)) AS wages,
    toFloat64(sumIf(toDecimal128(paid_hours, 6), isNotNull(wage))) AS rated,
    countIf(isNotNull(wage_rate) AND isNull(wage)) AS unpriced
FROM (
    SELECT f.p AS p, f.site AS site, f.paid_hours AS paid_hours, f.direct_hours AS direct_hours,
        f.earned_hours AS earned_hours, f.rate AS wage_rate,
        toDecimal128(toFloat64(f.rate) * f.paid_hours
            * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6) AS wage
    FROM (
        SELECT toString(site) AS site, paid_hours, direct_hours, earned_hours, rate, toString(currency) AS currency, d,
            arrayJoin(arrayFilter(
                i -> d BETWEEN {firsts:Array(Int64)}[i] AND {lasts:Array(Int64)}[i],
                arrayEnumerate({firsts:Array(Int64)}))) AS p
        FROM (
            SELECT *, {day_of(started, site)} AS d FROM {labour:Identifier}
            WHERE started >= {start:DateTime64(3, 'UTC')} AND started < {end:DateTime64(3, 'UTC')}
                AND ({site:String} = '' OR site = {site:String})
        )
    ) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.d >= r.d
)
GROUP BY p, site ORDER BY p, site
