-- People by feature and local day: who used it with success, who tried it, how often; axis as in people_days.
CREATE TABLE IF NOT EXISTS feature_days (
    project UInt32,
    day     Date,
    feature LowCardinality(String),
    axis    LowCardinality(String),
    name    String,
    done    AggregateFunction(groupBitmap, UInt32),
    tried   AggregateFunction(groupBitmap, UInt32),
    uses    UInt64,
    version UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (axis, name, feature, project, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
;
-- Runs of workflows by the local day they began: how many got to each stage (1 = entered, 2 = step 1 passed) by first and
-- by any entry; `gaps` are the ms from stage to stage and `totals` those of the completed, by first entry, sorted.
-- axis '' = all customers, 'customer' = those of one.
CREATE TABLE IF NOT EXISTS workflow_days (
    project  UInt32,
    day      Date,
    workflow LowCardinality(String),
    axis     LowCardinality(String),
    name     String,
    role     LowCardinality(String),
    release  LowCardinality(String),
    begun    UInt32,
    first    Array(UInt32),
    any      Array(UInt32),
    gaps     Array(Array(UInt32)),
    totals   Array(UInt32),
    version  UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (axis, name, workflow, project, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, auto_statistics_types = ''
