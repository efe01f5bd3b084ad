-- Sessions by the local day on which they began. With a session id of the client a session is all that bears the id until
-- a silence of 24 hours, without one it is what a user did until a silence of 30 minutes; nothing counts 24 hours after
-- its begin. A `session` event speaks for the time from `started` on (at most 24 hours back), and as long as it says.
WITH
    moments AS (
        SELECT
            project,
            if(named, 86400000, 1800000) AS gap,
            if(named, session, reinterpretAsUUID(toUInt128(
                dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)
            ))) AS key,
            session != toUUID('00000000-0000-0000-0000-000000000000') AS named,
            if(type = 'session', greatest(least(started, time), time - INTERVAL 24 HOUR), time) AS position,
            toUnixTimestamp64Milli(position) AS at,
            toUnixTimestamp64Milli(if(
                type = 'session',
                greatest(time, position + toIntervalMillisecond(toInt64(least(duration_s, 86400) * 1000))),
                time
            )) AS until,
            role,
            release,
            customer
        FROM events
        WHERE time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
            AND ({project:UInt32} = 0 OR project = {project:UInt32})
            AND type NOT IN ('crash', 'optimizer', 'memory', 'network', 'security')
            AND (named OR user_id > 0) AND count = 1
            AND ({slices:UInt32} = 1 OR sipHash64(key) % {slices:UInt32} = {slice:UInt32})
    ),
    -- What lies within one gap is one session: told by sums, at a tenth of the cost of the general case.
    short AS (
        SELECT
            project,
            min(at) AS began,
            least(max(until), began + 86400000) AS ended,
            count() AS members,
            argMin((role, release, customer), at) AS first
        FROM moments
        GROUP BY project, gap, key
        HAVING max(at) - began < any(gap)
    ),
    long AS (
        SELECT
            project,
            run[1].1 AS began,
            arrayMax(moment -> least(moment.5, began + 86400000), counted) AS ended,
            length(counted) AS members,
            (run[1].2, run[1].3, run[1].4) AS first,
            arrayFilter(moment -> moment.1 <= began + 86400000, run) AS counted
        FROM (
            SELECT
                project,
                gap,
                arraySort(groupArray((at, toString(role), toString(release), toString(customer), until))) AS sorted,
                arraySplit(
                    (moment, previous) -> moment.1 - previous.1 >= gap,
                    sorted,
                    arrayConcat([sorted[1]], arrayPopBack(sorted))
                ) AS runs
            FROM moments
            WHERE (project, gap, key) IN (
                SELECT project, gap, key FROM moments GROUP BY project, gap, key HAVING max(at) - min(at) >= any(gap)
            )
            GROUP BY project, gap, key
        )
        ARRAY JOIN runs AS run
    )
SELECT
    project,
    toDate(fromUnixTimestamp64Milli(began, 'UTC'), {zone:String}) AS day,
    first.1 AS role,
    first.2 AS release,
    first.3 AS customer,
    arraySort(groupArray(toUInt32(ended - began))) AS durations,
    toUInt32(countIf(members = 1 AND ended = began)) AS singles
FROM (
    SELECT project, began, ended, members, (toString(first.1), toString(first.2), toString(first.3)) AS first FROM short
    UNION ALL
    SELECT project, began, ended, members, first FROM long
)
WHERE began >= toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')})
    AND began < toUnixTimestamp64Milli({end:DateTime64(3, 'UTC')})
GROUP BY project, day, role, release, customer
