-- Answers of each customer from the app and from survey tools at the moments {untils} (ms), each with the 90 days since
-- {sinces}: of one person the first of a scale, and then none for 90 days. Where none came in these 90 days, those of the
-- 90 days up to the last one, marked stale. A value is the score; for nps it is 100, 0 or -100.
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
        FROM (
            SELECT scale, taken.1 AS at, taken.2 AS score, taken.3 AS customer
            FROM (
                SELECT scale,
                    arrayFold((kept, e) -> if(empty(kept) OR e.1 >= kept[-1].1 + 7776000000, arrayPushBack(kept, e), kept),
                        arraySort(groupArray((at, score, customer))), []::Array(Tuple(Int64, Float64, String))) AS counted
                FROM (
                    SELECT toUnixTimestamp64Milli(time) AS at, events.score AS score, toString(events.customer) AS customer,
                        if(events.scale = '', transform(survey, {surveys:Array(String)}, {scales:Array(String)}, ''),
                            lower(events.scale)) AS scale,
                        multiIf(user_id > 0, toString(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)),
                            install_id > 0, concat('i', toString(install_id)), toString(event_id)) AS person
                    FROM events
                    WHERE type = 'feedback' AND time < {end:DateTime64(3, 'UTC')}
                    UNION ALL
                    SELECT toUnixTimestamp64Milli(at) AS at, told.score AS score, toString(told.customer) AS customer,
                        toString(told.scale) AS scale,
                        concat('f', source, '\n', if(told.user = '', concat('\n', key), concat(told.customer, '\n', told.user))) AS person
                    FROM {survey_response:Identifier} AS told
                    WHERE told.at < {end:DateTime64(3, 'UTC')}
                )
                WHERE (scale = 'csat' AND score BETWEEN 1 AND 5) OR (scale = 'nps' AND score BETWEEN 0 AND 10)
                GROUP BY scale, person
            )
            ARRAY JOIN counted AS taken
        )
        WHERE customer != '' AND ({customer:String} = '' OR customer = {customer:String})
        GROUP BY customer, scale
    )
    ARRAY JOIN {days:Array(Date)} AS asked, {untils:Array(Int64)} AS until, {sinces:Array(Int64)} AS since
    WHERE notEmpty(past)
)
