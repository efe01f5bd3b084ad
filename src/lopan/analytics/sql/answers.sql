-- One row an answer that counts: of one person the first, and then none for 90 days, by survey and ('') over all surveys
-- of a scale. An answer off its scale is none.
SELECT name AS survey, scale, taken.1 AS at, taken.2 AS score, taken.3 AS role, taken.4 AS release, taken.5 AS customer
FROM (
    SELECT name, scale,
        arrayFold((kept, e) -> if(empty(kept) OR e.1 >= kept[-1].1 + 7776000000, arrayPushBack(kept, e), kept),
            arraySort(groupArray((at, score, role, release, customer))),
            []::Array(Tuple(Int64, Float64, String, String, String))) AS counted
    FROM (
        SELECT survey, toUnixTimestamp64Milli(time) AS at, score, toString(role) AS role, toString(release) AS release,
            toString(customer) AS customer,
            if(events.scale = '', transform(survey, {surveys:Array(String)}, {scales:Array(String)}, ''), lower(events.scale)) AS scale,
            multiIf(user_id > 0, toUInt64(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)),
                install_id > 0, install_id + 4294967296, 0) AS person,
            if(person = 0, event_id, toUUID('00000000-0000-0000-0000-000000000000')) AS anonymous
        FROM events
        WHERE type = 'feedback' AND time < {end:DateTime64(3, 'UTC')} AND ({project:UInt32} = 0 OR project = {project:UInt32})
    )
    ARRAY JOIN ['', survey] AS name
    WHERE (scale IN ('csat', 'rating') AND score BETWEEN 1 AND 5) OR (scale = 'nps' AND score BETWEEN 0 AND 10)
    GROUP BY name, scale, person, anonymous
)
ARRAY JOIN counted AS taken
