-- Comments, newest first; `before_at` and `before_id` are those of the last one on the page before.
SELECT toUnixTimestamp64Milli(time) AS at, toString(event_id) AS id, survey, scale, score, comment, role, release, customer
FROM events
WHERE type = 'feedback' AND comment != '' AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
    AND ({project:UInt32} = 0 OR project = {project:UInt32}) AND ({survey:String} = '' OR survey = {survey:String})
    AND ({axis:String} = '' OR {name:String} = multiIf({axis:String} = 'role', role, {axis:String} = 'release', release, customer))
    AND ({before_at:Int64} = 0 OR (at, id) < ({before_at:Int64}, {before_id:String}))
ORDER BY at DESC, id DESC
LIMIT {limit:UInt32}
