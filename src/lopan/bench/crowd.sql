-- One day of a crowd, made inside the engine: the same for the same day and size, every value a hash of its place.
-- People join over 150 days and stay less and less likely; who is here comes on some days, less at weekends.
-- A session: launch, 2 x frames, memory, 2 x requests, end, 8 actions; in a quarter a workflow, in one of 80 an answer.
INSERT INTO events (
    project, type, time, received, event_id, release, build, environment, os, device, install_id, user_id, customer, role,
    session, screen, kind, duration_s, frames, slow, refresh_rate, footprint_mb, peak_mb, status, status_code, started,
    feature, action, workflow, instance, step, survey, scale, score, host, route, method
)
WITH
    toFloat64(18446744073709551616) AS whole,
    people AS (
        SELECT
            number AS u,
            cityHash64(u, 1) % 100 AS part,
            toUInt8(multiIf(part < 45, 1, part < 73, 2, part < 92, 3, 4)) AS r,
            (r - 1) % length({workflows:Array(String)}) + 1 AS f,
            floor(cityHash64(u, 2) / whole * 150) - 150 + {days:Int32} AS joined,
            pow(-log((cityHash64(u, 3) + 1) / whole) / 0.1625, 1 / 0.37) AS stays,
            arrayCount(since -> since <= {age:Int32} - cityHash64(u, 4) % 5, {since:Array(Int32)}) AS v
        FROM numbers({people:UInt64})
        WHERE joined <= {age:Int32} AND {age:Int32} <= joined + stays AND (joined = {age:Int32}
            OR cityHash64(u, {age:Int32}, 5) / whole < (0.06 + 0.53 * cityHash64(u, 6) / whole) * {busy:Float64})
    ),
    uses AS (
        SELECT
            *,
            arrayJoin(range(1 + cityHash64(u, {age:Int32}, 7) % 5)) AS s,
            cityHash64(u, {age:Int32}, s, 8) AS h,
            reinterpretAsUUID(sipHash128(u, {age:Int32}, s)) AS id,
            h / whole * ({elapsed:Float64} - 900) AS begun,
            arrayFirstIndex(i -> cityHash64(h, i, 9) % 100 < if(r = 2 AND i = 3, 30, 6), [1, 2, 3, 4]) AS lost,
            multiIf(h % 20 = 0, [0], arrayConcat(
                range(15),
                if(h % 4 = 1, range(15, 15 + 2 * if(lost = 0, 4, lost)), []),
                if(h % 80 = 2, [23], [])
            ))::Array(UInt8) AS parts
        FROM people
    ),
    made AS (
        SELECT
            *,
            arrayJoin(parts) AS e,
            cityHash64(h, e, 10) AS x,
            x % 1000 / 1000 AS y,
            multiIf(e = 0, 'app_launch', e < 3, 'frame_stats', e = 3, 'memory', e < 6, 'network', e = 6, 'session',
                e < 15, 'action', e < 23, 'workflow', 'feedback') AS t,
            toUInt8(if(t = 'workflow', intDiv(e - 15, 2) + 1, 0)) AS i,
            t = 'workflow' AND e % 2 = 0 AS closing,
            begun + multiIf(e = 0, 2, e = 6, 900, t = 'workflow',
                100 + 50 * i + closing * (5 + 10 * y) * if(r = 2 AND i = 3, 2.5, 1), 30 * e + 25 * y) AS at,
            toDateTime64({day:Date}, 3, 'UTC') + toIntervalMillisecond(toInt64(1000 * at)) AS moment
        FROM uses
    )
SELECT
    {project:UInt32}, t, moment, moment + toIntervalMillisecond(300 + x % 900), reinterpretAsUUID(sipHash128(h, e)),
    {releases:Array(String)}[v], '', 'production', ['iOS 18.6', 'iOS 19.0', 'iOS 19.1'][u % 3 + 1],
    {devices:Array(String)}[cityHash64(u, 11) % length({devices:Array(String)}) + 1], u + 1, u + 1,
    {customers:Array(String)}[cityHash64(u, 12) % length({customers:Array(String)}) + 1], {roles:Array(String)}[r], id, '',
    multiIf(e = 0, if(x % 3 = 0, 'warm', 'cold'), t = 'frame_stats', 'scrolling', ''),
    multiIf(e = 0, 0.7 + y, t = 'frame_stats', 30, t = 'network', 0.05 + y / 5, t = 'session', 900, 0),
    if(t = 'frame_stats', 1700 + x % 100, 0), if(t = 'frame_stats', x % 20, 0), 60, if(e = 3, 110 + 40 * y, 0),
    if(e = 3, 130 + 40 * y, 0),
    multiIf(t = 'session', if(h % 2000 = 3, 'crashed', 'exited'), t != 'workflow', '', NOT closing, 'started',
        i = lost, 'abandoned', 'completed'),
    if(t = 'network', if(x % 200 = 0, 503, 200), 0),
    if(t = 'session', toDateTime64({day:Date}, 3, 'UTC') + toIntervalMillisecond(toInt64(1000 * begun)), toDateTime64(0, 3)),
    if(t = 'action', {features:Array(String)}[(x + r * 3 * (x % 2)) % length({features:Array(String)}) + 1], ''),
    if(t = 'action', ['open', 'complete', 'search'][x % 3 + 1], ''),
    if(t = 'workflow', {workflows:Array(String)}[f], ''), if(t = 'workflow', concat('w', toString(h)), ''),
    if(t = 'workflow', {steps:Array(String)}[(f - 1) * 4 + i], ''),
    if(t = 'feedback', 'in_app', ''), if(t = 'feedback', 'csat', ''), if(t = 'feedback', 1 + x % 5, 0),
    if(t = 'network', 'api.fleet.example', ''), if(t = 'network', '/v2/orders', ''), if(t = 'network', 'GET', '')
FROM made
