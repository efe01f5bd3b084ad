-- How sessions ended, by the local day on which they began: sums over sessions of one beginning and of one kind. `grain` 1 =
-- by the second they began, with every dimension; 1800 = by half hour, 86400 = by day, both of all roles and customers.
CREATE TABLE IF NOT EXISTS stability_days (
    project    UInt32,
    day        Date,
    grain      UInt32,
    at         DateTime('UTC') CODEC(Delta, ZSTD(1)),
    release    LowCardinality(String),
    device     LowCardinality(String),
    os         LowCardinality(String),
    role       LowCardinality(String),
    customer   LowCardinality(String),
    n          UInt64,
    crashed    UInt64,
    abnormal   UInt64,
    errors     UInt64,
    duration_s Float64,
    value      Float64,
    squares    Float64,
    version    UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (grain, version, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
CREATE TABLE IF NOT EXISTS open_stability_days AS stability_days ENGINE = Memory SETTINGS compress = 1
