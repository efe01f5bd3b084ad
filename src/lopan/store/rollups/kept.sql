-- Rows put together from business facts, as they were last computed: what says which `version` counts is in the process
-- that computes them, so that a new process begins anew.
CREATE TABLE IF NOT EXISTS kept_tickets (
    ticket         String,
    begun          DateTime64(3, 'UTC'),
    customer       String,
    priority       LowCardinality(String),
    category       LowCardinality(String),
    channel        LowCardinality(String),
    opened         Nullable(DateTime64(3, 'UTC')),
    responded      Nullable(DateTime64(3, 'UTC')),
    due            Nullable(DateTime64(3, 'UTC')),
    resolved       Nullable(DateTime64(3, 'UTC')),
    reopened       UInt64,
    reversed       UInt8,
    hours          Nullable(Float64),
    business_hours Nullable(Float64),
    sla_hours      Nullable(Float64),
    version        UInt64
)
ENGINE = MergeTree
ORDER BY version
SETTINGS auto_statistics_types = ''
;
CREATE TABLE IF NOT EXISTS kept_orders (
    source    LowCardinality(String),
    order     String,
    customer  String,
    site      String,
    region    String,
    lines     UInt64,
    due       Nullable(DateTime64(3, 'UTC')),
    delivered Nullable(DateTime64(3, 'UTC')),
    on_time   UInt8,
    in_full   UInt8,
    documents UInt8,
    condition UInt8,
    accurate  UInt8,
    version   UInt64
)
ENGINE = MergeTree
ORDER BY version
SETTINGS auto_statistics_types = ''
;
-- By the day of UTC on which a shift began, one version a day.
CREATE TABLE IF NOT EXISTS kept_unit_shifts (
    work_unit      LowCardinality(String),
    site           LowCardinality(String),
    shift          LowCardinality(String),
    started        DateTime64(3, 'UTC'),
    ended          DateTime64(3, 'UTC'),
    planned_s      Float64,
    production_s   Float64,
    setup_s        Float64,
    delay_s        Float64,
    down_s         Float64,
    planned_down_s Float64,
    idle_s         Float64,
    good           Float64,
    made           Float64,
    ideal_good_s   Float64,
    ideal_s        Float64,
    unrated        Float64,
    version        UInt64
)
ENGINE = MergeTree
ORDER BY version
SETTINGS auto_statistics_types = ''
;
-- Shifts that may still go on, for those who ask just now.
CREATE TABLE IF NOT EXISTS open_unit_shifts AS kept_unit_shifts ENGINE = Memory
