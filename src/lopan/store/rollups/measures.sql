-- Sums a half hour by type, kind, release and device; `value` as a sketch (BFloat16: within 0.4 % once half a unit is added).
CREATE TABLE IF NOT EXISTS measures (
    project      UInt32,
    type         LowCardinality(String),
    kind         LowCardinality(String),
    bucket       DateTime('UTC') CODEC(Delta, ZSTD(1)),
    release      LowCardinality(String),
    device       LowCardinality(String),
    n            SimpleAggregateFunction(sum, UInt64),
    value        SimpleAggregateFunction(sum, Float64),
    squares      SimpleAggregateFunction(sum, Float64),
    duration_s   SimpleAggregateFunction(sum, Float64),
    frames       SimpleAggregateFunction(sum, UInt64),
    frames60     SimpleAggregateFunction(sum, Float64),
    slow         SimpleAggregateFunction(sum, UInt64),
    frozen       SimpleAggregateFunction(sum, UInt64),
    hitch_ms     SimpleAggregateFunction(sum, Float64),
    footprint_mb SimpleAggregateFunction(sum, Float64),
    peak_mb      SimpleAggregateFunction(sum, Float64),
    failed       SimpleAggregateFunction(sum, UInt64),
    killed       SimpleAggregateFunction(sum, UInt64),
    hung_s       SimpleAggregateFunction(sum, Float64),
    sketch       AggregateFunction(quantilesBFloat16(0.05, 0.1, 0.5, 0.9, 0.95), Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (project, type, kind, bucket, release, device)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    auto_statistics_types = '', min_bytes_for_wide_part = 200000000
;
CREATE MATERIALIZED VIEW IF NOT EXISTS measures_live TO measures AS
SELECT
    project,
    type,
    kind,
    toStartOfInterval(time, INTERVAL 30 MINUTE)::DateTime('UTC') AS bucket,
    release,
    device,
    count() AS n,
    sum(events.value) AS value,
    sum(events.value * events.value) AS squares,
    sum(events.duration_s) AS duration_s,
    sum(events.frames) AS frames,
    sum(events.frames60) AS frames60,
    sum(events.slow) AS slow,
    sum(events.frozen) AS frozen,
    sum(events.hitch_ms) AS hitch_ms,
    sum(events.footprint_mb) AS footprint_mb,
    sum(events.peak_mb) AS peak_mb,
    sum(events.failed) AS failed,
    sum(events.killed) AS killed,
    sum(events.hung_s) AS hung_s,
    quantilesBFloat16State(0.05, 0.1, 0.5, 0.9, 0.95)(events.value) AS sketch
FROM events
WHERE type IN ('app_launch', 'frame_stats', 'memory', 'hang', 'network', 'crash', 'optimizer')
GROUP BY project, type, kind, bucket, release, device
