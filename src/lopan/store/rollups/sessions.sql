-- One row a session in the end. Everything merges by maximum or minimum, so order and repetition change nothing.
-- status: 0 ok, 1 exited, 2 abnormal, 3 crashed. `hour` only prunes; a session is told by its id.
CREATE TABLE IF NOT EXISTS sessions (
    project     UInt32,
    hour        DateTime('UTC') CODEC(Delta, ZSTD(1)),
    session     UUID CODEC(ZSTD(1)),
    started     SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    status      SimpleAggregateFunction(max, UInt8),
    errors      SimpleAggregateFunction(max, UInt32),
    duration_s  SimpleAggregateFunction(max, Float64),
    count       SimpleAggregateFunction(max, UInt32),
    release     SimpleAggregateFunction(max, LowCardinality(String)),
    device      SimpleAggregateFunction(max, LowCardinality(String)),
    os          SimpleAggregateFunction(max, LowCardinality(String)),
    role        SimpleAggregateFunction(max, LowCardinality(String)),
    customer    SimpleAggregateFunction(max, LowCardinality(String)),
    user_id     SimpleAggregateFunction(max, UInt32),
    install_id  SimpleAggregateFunction(max, UInt32)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (project, hour, session)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    auto_statistics_types = '', min_bytes_for_wide_part = 200000000,
    allow_suspicious_primary_key = 1
;
CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_live TO sessions AS
SELECT
    project,
    toStartOfHour(min(began))::DateTime('UTC') AS hour,
    events.session AS session,
    min(began) AS started,
    max(rank) AS status,
    max(events.errors) AS errors,
    max(events.duration_s) AS duration_s,
    max(events.count) AS count,
    max(events.release) AS release,
    max(events.device) AS device,
    max(events.os) AS os,
    max(events.role) AS role,
    max(events.customer) AS customer,
    max(events.user_id) AS user_id,
    max(events.install_id) AS install_id
FROM (
    SELECT
        *,
        if(type = 'crash', time, started) AS began,
        multiIf(type = 'crash' OR status = 'crashed', 3, status = 'abnormal', 2, status = 'exited', 1, 0)::UInt8 AS rank
    FROM events
    WHERE type = 'session' OR (type = 'crash' AND session != toUUID('00000000-0000-0000-0000-000000000000'))
) AS events
GROUP BY project, session
