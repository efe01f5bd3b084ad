-- One row a workflow, label, entry mode and step: how many reached it, seconds since the step before and since the start.
-- Runs younger than their window are not judged yet: they are counted as step 0. 'before' = the range before the one asked.
SELECT workflow, label.1 AS axis, label.2 AS name, attempt.1 AS mode, step, count() AS reached,
    quantilesExactInclusive(0.5, 0.9)(if(step > 1, attempt.2[step] - attempt.2[step - 1], 0) / 1000) AS since_step,
    quantilesExactInclusive(0.5, 0.9)(if(step > 1, attempt.2[step] - attempt.2[1], 0) / 1000) AS since_start
FROM @workflow_runs
ARRAY JOIN
    if(day < toDate({first:String}), [('before', '')],
        [('', ''), ('role', role), ('release', release), ('day', toString(day))])::Array(Tuple(String, String)) AS label
ARRAY JOIN [('first', first), ('any', any)]::Array(Tuple(String, Array(Int64))) AS attempt
ARRAY JOIN if(started <= toUnixTimestamp64Milli({now:DateTime64(3)}) - width, arrayEnumerate(attempt.2), [0]) AS step
WHERE {axis:String} = '' OR {name:String} = multiIf({axis:String} = 'role', role, {axis:String} = 'release', release, customer)
GROUP BY workflow, axis, name, mode, step
ORDER BY workflow, axis, name, mode, step
