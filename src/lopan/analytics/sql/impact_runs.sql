-- Runs of workflows that a hit interrupted: they had begun in its session and had not passed their last step before it.
SELECT if({apart:UInt8} = 1, cluster, '') AS of, workflow, uniqExact(run) AS runs
FROM (
    SELECT session, workflow, run, min(time) AS begun,
        minIf(time, has({finals:Array(String)}, concat(workflow, '\n', step)) AND has({passed:Array(String)}, concat(workflow, '\n', status))) AS done
    FROM (
        SELECT session, workflow, time, step, status,
            (project, workflow, if(instance = '', toString(toDate(time, {zone:String})), instance), user_id, install_id) AS run
        FROM events
        WHERE type = 'workflow' AND time >= {start:DateTime64(3, 'UTC')} - INTERVAL 1 DAY AND time < {end:DateTime64(3, 'UTC')}
            AND session IN (SELECT session FROM hits) AND session != toUUID('00000000-0000-0000-0000-000000000000')
    )
    GROUP BY session, workflow, run
) AS runs
INNER JOIN (SELECT session, cluster, time AS hit_at FROM hits) AS hit ON hit.session = runs.session
WHERE begun <= hit_at AND (done = toDateTime64(0, 3, 'UTC') OR done > hit_at)
GROUP BY of, workflow
