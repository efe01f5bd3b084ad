-- Daily tables: what one local day of one project comes to, computed from raw events and never added to. A day is
-- computed again under a new `version`; which version counts is said by `day_versions` alone, so readers switch from one
-- to the next at once, groups that vanished are gone with it, and what a crash left half-written is never read.
CREATE TABLE IF NOT EXISTS day_versions (
    daily      LowCardinality(String),
    project    UInt32,
    day        Date,
    definition String,
    version    UInt64,
    -- Events of the day and of those it reaches to when it was computed: more of them now = computed too early.
    events     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (daily, project, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
-- axis '' = everyone; else role, release or customer, with one row for each value of it.
CREATE TABLE IF NOT EXISTS people_days (
    project UInt32,
    day     Date,
    axis    LowCardinality(String),
    name    String,
    users   AggregateFunction(groupBitmap, UInt32),
    version UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (axis, name, project, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
-- First and last moment of every active user, apart for each day of UTC that the local day touches: whether there was
-- anything in some stretch of 24 hours can be told from these alone.
CREATE TABLE IF NOT EXISTS visit_days (
    project UInt32,
    day     Date,
    users   Array(UInt32) CODEC(Delta, ZSTD(1)),
    firsts  Array(DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1)),
    lasts   Array(DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1)),
    version UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (project, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
-- Sessions that began on the day; `singles` of them are one event alone, whose duration is 0.
CREATE TABLE IF NOT EXISTS session_days (
    project   UInt32,
    day       Date,
    role      LowCardinality(String),
    release   LowCardinality(String),
    customer  String,
    durations Array(UInt32) CODEC(Delta, ZSTD(1)),
    singles   UInt32,
    version   UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (project, day, role, release, customer)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
-- Users who turned out to be one person: `person` is the smallest of their numbers.
CREATE TABLE IF NOT EXISTS merges (
    user_id UInt32,
    person  UInt32,
    at      UInt64
)
ENGINE = ReplacingMergeTree(at)
ORDER BY user_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
CREATE DICTIONARY IF NOT EXISTS persons (
    user_id UInt64,
    person  UInt32
)
PRIMARY KEY user_id
SOURCE(CLICKHOUSE(QUERY 'SELECT user_id, person FROM merges FINAL'))
LAYOUT(HASHED())
LIFETIME(0)
