-- Identified people active in the foreground, by local day: all of them, and by each value of an axis.
SELECT toDate(time, {zone:String}) AS day, label.1 AS axis, label.2 AS name, groupBitmapState(user_id) AS users
FROM events
ARRAY JOIN [('', ''), ('role', role), ('release', release), ('customer', customer)]::Array(Tuple(String, String)) AS label
WHERE time >= {start:DateTime64(3)} AND time < {end:DateTime64(3)} AND user_id > 0
    AND ({project:UInt32} = 0 OR project = {project:UInt32})
    AND type NOT IN ('crash', 'optimizer', 'memory', 'network', 'security')
GROUP BY day, axis, name
