-- Answers of each customer from the app (`app`: the daily table) and from survey tools at the moments {untils} (ms), each
-- with the 90 days since {sinces}: those that count by answers.sql, over all surveys of a scale. Where none came in these
-- 90 days, those of the 90 days up to the last one, marked stale. A value is the score; for nps it is 100, 0 or -100.
WITH answered AS (
    SELECT survey, scale, person, anonymous, at, score, role, release, customer FROM app
    UNION ALL
    SELECT survey, toString(told.scale) AS scale, toUInt64(0) AS person,
        reinterpretAsUUID(sipHash128('told', source, if(told.user = '', key, ''), if(told.user = '', '', told.customer), told.user)) AS anonymous,
        toUnixTimestamp64Milli(told.at) AS at, told.score AS score, '' AS role, '' AS release, told.customer AS customer
    FROM {survey_response:Identifier} AS told
)
SELECT asked, customer, scale, length(within) AS n, arraySum(e -> e.2, within) AS total,
    last_at < since AS stale,
    arrayFilter(e -> if(scale = 'nps', e.2 < 0, e.2 <= 2), within) AS lows, length(lows) AS low,
    if(empty(lows), 0, lows[-1].1) AS low_at
FROM (
    SELECT customer, scale, asked, since, arrayFilter(e -> e.1 < until, answers) AS past, past[-1].1 AS last_at,
        if(last_at < since, arrayFilter(e -> e.1 > last_at - 7776000000, past), arrayFilter(e -> e.1 >= since, past)) AS within
    FROM (
        SELECT customer, scale,
            arraySort(groupArray((at, if(scale = 'nps', multiIf(score >= 9, 100., score <= 6, -100., 0.), score)))) AS answers
        FROM {answers:Identifier}
        WHERE survey = '' AND scale IN ('csat', 'nps') AND customer != '' AND {customer:String} IN ('', customer)
        GROUP BY customer, scale
    )
    ARRAY JOIN {days:Array(Date)} AS asked, {untils:Array(Int64)} AS until, {sinces:Array(Int64)} AS since
    WHERE notEmpty(past)
)
