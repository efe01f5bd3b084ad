-- The rollup `measures` by local day, `at` its first half hour.
SELECT
    project,
    toDate(bucket, {zone:String}) AS day,
    min(bucket) AS at,
    type,
    kind,
    release,
    device,
    sum(measures.n) AS n,
    sum(measures.value) AS value,
    sum(measures.squares) AS squares,
    sum(measures.duration_s) AS duration_s,
    sum(measures.frames) AS frames,
    sum(measures.frames60) AS frames60,
    sum(measures.slow) AS slow,
    sum(measures.frozen) AS frozen,
    sum(measures.hitch_ms) AS hitch_ms,
    sum(measures.footprint_mb) AS footprint_mb,
    sum(measures.peak_mb) AS peak_mb,
    sum(measures.failed) AS failed,
    sum(measures.killed) AS killed,
    sum(measures.hung_s) AS hung_s,
    quantilesBFloat16MergeState(0.05, 0.1, 0.5, 0.9, 0.95)(measures.sketch) AS sketch
FROM measures
WHERE bucket >= {start:DateTime64(3, 'UTC')} AND bucket < {end:DateTime64(3, 'UTC')}
    AND ({project:UInt32} = 0 OR project = {project:UInt32})
GROUP BY project, day, type, kind, release, device
