-- One day of a crowd, made inside the engine: the same for the same day and size, every value a hash of its place.
-- People join over 150 days and stay less and less likely; who is here comes on some days, less at weekends.
-- A session is a launch, 2 x frames, memory, 2 x requests, 7 to 11 actions, in a quarter a workflow, and its end.
INSERT INTO events (
    project, type, time, received, event_id, release, build, environment, os, device, user_id, customer, role, session,
    kind, duration_s, frames, slow, refresh_rate, footprint_mb, peak_mb, status, status_code, started, feature, action,
    workflow, instance, step, survey, scale, score, host, route, method
)
WITH
    toUInt32({age:Int32}) AS d,
    {place:Int32} AS seed,
    here AS (
        SELECT
            number AS u,
            cityHash64(u, 1) / 18446744073709551616. AS luck,
            cityHash64(u, 2) AS h,
            floor(cityHash64(u, 3) / 18446744073709551616. * {horizon:Int32}) AS joined
        FROM numbers({people:UInt64})
    )
SELECT 1
