-- Identified people by feature and local day: who used it with success, who tried it, how often.
-- A feature without a definition is used with success by any of its events.
SELECT toDate(time, {zone:String}) AS day, feature, label.1 AS axis, label.2 AS name,
    groupBitmapStateIf(user_id, success) AS done, groupBitmapState(user_id) AS tried, count() AS uses
FROM (
    SELECT *, has({success:Array(String)}, concat(feature, '\n', action)) OR has({whole:Array(String)}, feature)
        OR NOT has({defined:Array(String)}, feature) AS success
    FROM events
    WHERE type = 'action' AND time >= {start:DateTime64(3)} AND time < {end:DateTime64(3)} AND user_id > 0
        AND ({project:UInt32} = 0 OR project = {project:UInt32})
)
ARRAY JOIN [('', ''), ('role', role), ('release', release), ('customer', customer)]::Array(Tuple(String, String)) AS label
GROUP BY day, feature, axis, name
