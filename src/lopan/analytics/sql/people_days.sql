-- Who was active on each local day: identified users with a foreground event, all of them and by each axis.
SELECT project, day, who.1 AS axis, who.2 AS name, groupBitmapState(person) AS users
FROM (
    SELECT
        project,
        toDate(time, {zone:String}) AS day,
        dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id) AS person,
        role,
        release,
        customer
    FROM events
    WHERE time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
        AND ({project:UInt32} = 0 OR project = {project:UInt32})
        AND type NOT IN ('crash', 'optimizer', 'memory', 'network', 'security') AND user_id > 0
    GROUP BY project, day, person, role, release, customer
)
ARRAY JOIN [
    ('', ''), ('role', toString(role)), ('release', toString(release)), ('customer', toString(customer))
] AS who
GROUP BY project, day, axis, name
