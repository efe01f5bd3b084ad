-- Sessions by the local day on which they began. With a session id of the client a session is all that bears the id until
-- a silence of 24 hours, without one it is what a user did until a silence of 30 minutes; nothing counts 24 hours after
-- its begin. A `session` event speaks for the time from `started` on (at most 24 hours back), and as long as it says.
SELECT
    project,
    toDate(fromUnixTimestamp64Milli(began, 'UTC'), {zone:String}) AS day,
    role,
    release,
    customer,
    arraySort(groupArray(toUInt32(ended - began))) AS durations,
    toUInt32(countIf(members = 1 AND ended = began)) AS singles
FROM (
    SELECT
        project,
        run[1].1 AS began,
        run[1].3 AS role,
        run[1].4 AS release,
        run[1].5 AS customer,
        arrayFilter(moment -> moment.1 <= began + 86400000, run) AS counted,
        length(counted) AS members,
        arrayMax(moment -> least(moment.2, began + 86400000), counted) AS ended
    FROM (
        SELECT
            project,
            gap,
            arraySort(groupArray((at, toUnixTimestamp64Milli(until), role, release, customer))) AS moments,
            arraySplit(
                (moment, previous) -> moment.1 - previous.1 >= gap,
                moments,
                arrayConcat([moments[1]], arrayPopBack(moments))
            ) AS runs
        FROM (
            SELECT
                project,
                session != toUUID('00000000-0000-0000-0000-000000000000') AS named,
                if(named, 86400000, 1800000) AS gap,
                if(named, session, reinterpretAsUUID(toUInt128(
                    dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)
                ))) AS key,
                if(type = 'session', greatest(least(started, time), time - INTERVAL 24 HOUR), time) AS position,
                toUnixTimestamp64Milli(position) AS at,
                if(
                    type = 'session',
                    greatest(time, position + toIntervalMillisecond(toInt64(least(duration_s, 86400) * 1000))),
                    time
                ) AS until,
                toString(role) AS role,
                toString(release) AS release,
                toString(customer) AS customer
            FROM events
            WHERE time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
                AND ({project:UInt32} = 0 OR project = {project:UInt32})
                AND type NOT IN ('crash', 'optimizer', 'memory', 'network', 'security')
                AND (named OR user_id > 0) AND count = 1
        )
        GROUP BY project, gap, key
    )
    ARRAY JOIN runs AS run
)
WHERE began >= toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')})
    AND began < toUnixTimestamp64Milli({end:DateTime64(3, 'UTC')})
GROUP BY project, day, role, release, customer
