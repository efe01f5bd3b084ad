-- Answers to surveys by local day, `at` in ms since 1970. A survey's scale is that of the answer, else of its definition.
SELECT project, toDate(time, {zone:String}) AS day, survey,
    if(events.scale = '', transform(toString(survey), {surveys:Array(String)}, {scales:Array(String)}, ''), lower(events.scale)) AS scale,
    multiIf(user_id > 0, toUInt64(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)),
        install_id > 0, install_id + 4294967296, 0) AS person,
    if(person = 0, event_id, toUUID('00000000-0000-0000-0000-000000000000')) AS anonymous,
    toUnixTimestamp64Milli(time) AS at, score, role, release, customer
FROM events
WHERE type = 'feedback' AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
    AND ({project:UInt32} = 0 OR project = {project:UInt32})
