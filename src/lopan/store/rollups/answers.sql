-- Answers to surveys of a local day, one row each. Feedback is rare, so that `events` has a few of it in every part, and
-- reading those costs more than all that follows. `person` 0 = nobody known, told apart by `anonymous`.
CREATE TABLE IF NOT EXISTS answer_days (
    project   UInt32,
    day       Date,
    survey    LowCardinality(String),
    scale     LowCardinality(String),
    person    UInt64,
    anonymous UUID CODEC(ZSTD(1)),
    at        Int64 CODEC(Delta, ZSTD(1)),
    score     Float64,
    role      LowCardinality(String),
    release   LowCardinality(String),
    customer  LowCardinality(String),
    version   UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (project, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
CREATE TABLE IF NOT EXISTS open_answer_days AS answer_days ENGINE = Memory
