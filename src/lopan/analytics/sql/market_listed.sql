-- Companies of the market as of each day: the newest row of a company that is valid then, since the day `since`.
-- `reach` 1 = tam, 2 = sam, 3 = som.
SELECT f.p AS p, f.company AS company, f.entity AS entity, f.customer AS customer, f.segment AS segment,
    f.region AS region, f.reach AS reach, isNotNull(f.value) AS has_value, f.unsigned AS won, f.since AS since,
    toDecimal128(toFloat64(f.value) * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6) AS worth
FROM (
    SELECT p, company, newest.1 AS entity, newest.2 AS customer, newest.3 AS segment, newest.4 AS region,
        newest.5 AS reach, newest.6 AS value, newest.7 AS currency, newest.8 AS since, {lasts:Array(Int64)}[p] AS last,
        customer != '' AND customer NOT IN (SELECT toString(account) FROM {contract:Identifier}) AS unsigned
    FROM (
        SELECT p, toString(m.company) AS company, argMax(
            (if(m.parent = '', toString(m.company), toString(m.parent)), toString(m.customer), toString(m.segment),
                toString(m.region), indexOf(['tam', 'sam', 'som'], toString(m.reach)), m.value, toString(m.currency),
                toInt64(m.valid_from)),
            (m.valid_from, m.ver, m.source, m.key)) AS newest
        FROM {market_account:Identifier} AS m
        ARRAY JOIN arrayEnumerate({lasts:Array(Int64)}) AS p
        WHERE toInt64(m.valid_from) <= {lasts:Array(Int64)}[p]
            AND ifNull(toInt64(m.valid_to), toInt64(4000000)) >= {lasts:Array(Int64)}[p]
        GROUP BY p, company
    )
) AS f
ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
    ON f.currency = r.currency AND f.last >= r.d
