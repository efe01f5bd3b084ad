-- Days that are not over yet, computed from raw events for those who read just now and gone with the process: a twin of
-- each daily table. Versions are those of the daily tables' numbers, so one list of them says what counts in both.
CREATE TABLE IF NOT EXISTS open_people_days (
    project UInt32,
    day     Date,
    axis    LowCardinality(String),
    name    String,
    users   AggregateFunction(groupBitmap, UInt32),
    version UInt64
)
ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_visit_days (
    project UInt32,
    day     Date,
    users   Array(UInt32),
    firsts  Array(DateTime64(3, 'UTC')),
    lasts   Array(DateTime64(3, 'UTC')),
    version UInt64
)
ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_session_days (
    project   UInt32,
    day       Date,
    role      LowCardinality(String),
    release   LowCardinality(String),
    customer  String,
    durations Array(UInt32),
    singles   UInt32,
    version   UInt64
)
ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_feature_days (
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
ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_workflow_days (
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
ENGINE = Memory
