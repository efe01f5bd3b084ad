-- Identified people by feature and local day: who used it with success, who tried it, how often.
-- A feature without a definition is used with success by any of its events.
-- Bitmaps of the finest groups are made first and united: half the cost of a row for each person. By action, because
-- whether that is success is told once a group.
SELECT project, day, feature, who.1 AS axis, who.2 AS name,
    groupBitmapMergeStateIf(people, success) AS done, groupBitmapMergeState(people) AS tried, sum(times) AS uses
FROM (
    SELECT project, day, feature, role, release, customer, people, times,
        has({success:Array(String)}, concat(feature, '\n', action)) OR has({whole:Array(String)}, feature)
            OR NOT has({defined:Array(String)}, feature) AS success
    FROM (
        SELECT project, toDate(time, {zone:String}) AS day, feature, action, role, release, customer,
            groupBitmapState(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)) AS people, count() AS times
        FROM events
        WHERE type = 'action' AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')} AND user_id > 0
            AND ({project:UInt32} = 0 OR project = {project:UInt32})
        GROUP BY project, day, feature, action, role, release, customer
    )
)
ARRAY JOIN [
    ('', ''), ('role', toString(role)), ('release', toString(release)), ('customer', toString(customer))
] AS who
GROUP BY project, day, feature, axis, name
