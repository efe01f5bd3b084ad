-- Sums of the answers that count, by survey, scale and label; 'before' = the range before the one asked for, 'history' =
-- everything before that one. Only answers from {since} on are summed, of those that count among all. `value` is what is averaged: the score, or for nps 100, 0 and -100.
SELECT survey, scale, label.1 AS axis, label.2 AS name, count() AS n, sum(value) AS total, sum(value * value) AS squares,
    countIf(score >= 4) AS top, countIf(score >= 9) AS promoters, countIf(score <= 6) AS detractors,
    sumMap([toUInt8(floor(score))], [toUInt64(1)]) AS spread
FROM (
    SELECT *, if(scale = 'nps', multiIf(score >= 9, 100, score <= 6, -100, 0), score) AS value,
        toDate(fromUnixTimestamp64Milli(at, 'UTC'), {zone:String}) AS day,
        if({by_week:UInt8} = 1, toMonday(day), day) AS bucket
    FROM answers
    WHERE at >= toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')})
)
ARRAY JOIN multiIf(
    at >= toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')}),
        [('', ''), ('role', role), ('release', release), ('customer', customer), ('time', toString(bucket))],
    at >= toUnixTimestamp64Milli({before:DateTime64(3, 'UTC')}), [('before', ''), ('history', '')],
    [('history', '')])::Array(Tuple(String, String)) AS label
WHERE {axis:String} = '' OR {name:String} = multiIf({axis:String} = 'role', role, {axis:String} = 'release', release, customer)
GROUP BY survey, scale, axis, name
ORDER BY survey, scale, axis, name
