-- The sums of `measures` by local day, of days that are over; a sketch a day is merged 48 times as fast as those of its half
-- hours. Only for zones whose days begin at a half hour of UTC.
CREATE TABLE IF NOT EXISTS measure_days (
    project      UInt32,
    day          Date,
    at           DateTime('UTC') CODEC(Delta, ZSTD(1)),
    type         LowCardinality(String),
    kind         LowCardinality(String),
    release      LowCardinality(String),
    device       LowCardinality(String),
    n            UInt64,
    value        Float64,
    squares      Float64,
    duration_s   Float64,
    frames       UInt64,
    frames60     Float64,
    slow         UInt64,
    frozen       UInt64,
    hitch_ms     Float64,
    footprint_mb Float64,
    peak_mb      Float64,
    failed       UInt64,
    killed       UInt64,
    hung_s       Float64,
    sketch       AggregateFunction(quantilesBFloat16(0.05, 0.1, 0.5, 0.9, 0.95), Float64),
    version      UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (type, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
CREATE TABLE IF NOT EXISTS open_measure_days AS measure_days ENGINE = Memory
