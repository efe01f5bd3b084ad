-- Contracts from begin to end of each period, account by account: who was there, who stayed, and their money a month.
-- Begin and end are moments; what counts is who was there just before. Both sides of a period are worth what the rates of
-- its last day say, so that no rate moves revenue. What an account pays is not known where one
-- of its amounts has no rate: the money at the end leaves out those where that is so then, all else where it ever is.
SELECT p, k, count() AS n,
    countIf(opened) AS begun, countIf(opened AND closed) AS kept, countIf(closed) AS ended,
    countIf(known AND opened AND closed AND after > before) AS expansions,
    toFloat64(sumIf(before, known)) AS before_all, toFloat64(sumIf(after, after_known)) AS after_all,
    toFloat64(sumIf(after, known AND opened)) AS retained,
    toFloat64(sumIf(least(before, after), known AND opened)) AS still,
    toFloat64(sumIf(before, known AND opened AND NOT closed)) AS churned,
    toFloat64(sumIf(before - after, known AND opened AND closed AND before > after)) AS contracted,
    toFloat64(sumIf(after - before, known AND opened AND closed AND after > before)) AS expanded,
    toFloat64(sumIf(after, known AND NOT opened)) AS won,
    sum(missing) AS unpriced, countIf(waits) AS waiting
FROM (
    SELECT p, account, k, max(at_begin) AS opened, max(at_end) AS closed,
        sumIf(assumeNotNull(worth), at_begin AND isNotNull(worth)) AS before,
        sumIf(assumeNotNull(worth), at_end AND isNotNull(worth)) AS after,
        countIf(isNull(worth)) AS missing, missing = 0 AS known, countIf(at_end AND isNull(worth)) = 0 AS after_known,
        max(at_end AND waiting) AS waits
    FROM (
        SELECT f.p AS p, f.account AS account, f.at_begin AS at_begin, f.at_end AS at_end, f.waiting AS waiting,
            multiIf({by:String} = '', '', {by:String} = 'customer', f.account, {by:String} = 'segment', f.segment, f.region) AS k,
            toDecimal128(toFloat64(f.mrr) * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6) AS worth
        FROM (
            SELECT c.account AS account, c.mrr AS mrr, c.currency AS currency, c.waiting AS waiting, c.p AS p,
                c.at_begin AS at_begin, c.at_end AS at_end, c.last AS last, a.segment AS segment, a.region AS region
            FROM (
                SELECT account, mrr, currency, waiting, p, {lasts:Array(Int64)}[p] AS last,
                    begun < {begins:Array(Int64)}[p] AND until >= {begins:Array(Int64)}[p] AS at_begin,
                    begun < {ends:Array(Int64)}[p] AND until >= {ends:Array(Int64)}[p] AS at_end
                FROM {contract_spans:Identifier}
                ARRAY JOIN arrayEnumerate({begins:Array(Int64)}) AS p
                WHERE ({customer:String} = '' OR account = {customer:String}) AND (at_begin OR at_end)
            ) AS c
            ASOF LEFT JOIN {account_days:Identifier} AS a ON c.account = a.account AND c.last >= a.d
        ) AS f
        ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
            ON f.currency = r.currency AND f.last >= r.d
        WHERE ({segment:String} = '' OR f.segment = {segment:String}) AND ({region:String} = '' OR f.region = {region:String})
    )
    GROUP BY p, account, k
)
GROUP BY p, k ORDER BY p, k
