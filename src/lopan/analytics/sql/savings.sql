-- What the roll-out cost, and what was booked as saved, by period; money of a day at that day's rate. Period 0: before all.
-- `shared` rows name no site while one is asked for: they belong to all sites together.
SELECT p, kind, line, hard, shared, count() AS n, toFloat64(ifNull(sum(worth), 0)) AS amount,
    countIf(isNull(worth)) AS unpriced
FROM (
    SELECT f.p AS p, f.kind AS kind, f.line AS line, f.hard AS hard, f.shared AS shared,
        toDecimal128(toFloat64(f.amount) * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6) AS worth
    FROM (
        SELECT kind, line, hard, shared, amount, currency, d,
            arrayJoin(if(d < {first:Int64}, [toUInt32(0)], arrayFilter(
                i -> d BETWEEN {firsts:Array(Int64)}[i] AND {lasts:Array(Int64)}[i],
                arrayEnumerate({firsts:Array(Int64)})))) AS p
        FROM (
            SELECT 'cost' AS kind, toString(type) AS line, toUInt8(1) AS hard, {site:String} != '' AND site = '' AS shared,
                amount, toString(currency) AS currency, toInt64(day) AS d
            FROM {rollout_cost:Identifier} WHERE {site:String} = '' OR site IN ('', {site:String})
            UNION ALL
            SELECT 'saving', toString(line), hard, {site:String} != '' AND site = '', amount, toString(currency),
                toInt64(day)
            FROM {saving:Identifier} WHERE {site:String} = '' OR site IN ('', {site:String})
        )
    ) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.d >= r.d
)
GROUP BY p, kind, line, hard, shared ORDER BY p, kind, line, hard, shared
