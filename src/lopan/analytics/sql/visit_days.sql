-- When each identified user was there: first and last foreground event of a local day, apart for each day of UTC.
SELECT project, day, groupArray(person) AS users, groupArray(first) AS firsts, groupArray(last) AS lasts
FROM (
    SELECT
        project,
        toDate(time, {zone:String}) AS day,
        dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id) AS person,
        min(time) AS first,
        max(time) AS last
    FROM events
    WHERE time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
        AND ({project:UInt32} = 0 OR project = {project:UInt32})
        AND type NOT IN ('crash', 'optimizer', 'memory', 'network', 'security') AND user_id > 0
    GROUP BY project, day, person, toDate(time, 'UTC')
    ORDER BY person, first
)
GROUP BY project, day
