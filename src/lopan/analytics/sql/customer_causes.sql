-- What the devices of one customer (own = 1) and of all others met in the 28 days up to {end} (before = 0) and in the 28
-- days before these: people hit, events, and sums of a value and of its square.
SELECT toString(type) AS kind, customer = {customer:String} AS own, time < {middle:DateTime64(3, 'UTC')} AS before,
    uniqExactIf(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id), user_id > 0 AND type IN ('crash', 'hang')) AS people,
    count() AS n, sum(duration_s) AS total, sum(duration_s * duration_s) AS squares, sum(failed) AS failures
FROM events
WHERE type IN ('crash', 'hang', 'app_launch', 'network') AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
    AND (type != 'app_launch' OR events.kind = 'cold') AND (type != 'hang' OR hung_s > 0) AND customer != ''
GROUP BY type, own, before
