-- One row a workflow, label, entry mode and stage: how many got there, seconds since the stage before and since the start.
-- Stage 1 = entered, 2 = step 1 passed. Runs younger than their window are not judged yet: they are counted as stage 0.
-- 'before' = the range before the one asked for.
SELECT workflow, label.1 AS axis, label.2 AS name, attempt.1 AS mode, stage, count() AS reached,
    quantilesExactInclusive(0.5, 0.9)(if(stage > 1, attempt.2[stage] - attempt.2[stage - 1], 0) / 1000) AS since_stage,
    quantilesExactInclusive(0.5, 0.9)(if(stage > 1, attempt.2[stage] - attempt.2[1], 0) / 1000) AS since_start
FROM @workflow_runs
ARRAY JOIN
    if(day < toDate({first:String}), [('before', '')],
        [('', ''), ('role', role), ('release', release), ('day', toString(day))])::Array(Tuple(String, String)) AS label
ARRAY JOIN [('first', first), ('any', any)]::Array(Tuple(String, Array(Int64))) AS attempt
ARRAY JOIN if(started <= toUnixTimestamp64Milli({now:DateTime64(3)}) - width, arrayEnumerate(attempt.2), [0]) AS stage
WHERE {axis:String} = '' OR {name:String} = multiIf({axis:String} = 'role', role, {axis:String} = 'release', release, customer)
GROUP BY workflow, axis, name, mode, stage
ORDER BY workflow, axis, name, mode, stage
