-- What happened at one customer, newest first: tickets opened, answers given, deliveries by week of the promise, and crashes
-- by day. `n` is a count, `more` how many of it were late or critical.
SELECT * FROM (
    SELECT 'ticket' AS kind, toUnixTimestamp64Milli(min(at)) AS moment, ticket AS name, toFloat64(0) AS value, 1 AS n,
        argMaxIf(toString(priority), at, priority != '') AS word, toUInt64(maxIf(at, event IN ('resolved', 'closed')) > toDateTime64(0, 3, 'UTC')) AS more
    FROM {ticket_event:Identifier} WHERE customer = {customer:String} GROUP BY source, ticket
    UNION ALL
    SELECT 'answer', toUnixTimestamp64Milli(at), toString(survey), score, 1, toString(scale), 0
    FROM {survey_response:Identifier} WHERE customer = {customer:String} AND scale IN ('csat', 'nps')
    UNION ALL
    SELECT 'answer', toUnixTimestamp64Milli(time), toString(survey), score, 1,
        if(events.scale = '', transform(survey, {surveys:Array(String)}, {scales:Array(String)}, ''), lower(events.scale)) AS told, 0
    FROM events
    WHERE type = 'feedback' AND customer = {customer:String} AND time >= {start:DateTime64(3, 'UTC')}
        AND time < {end:DateTime64(3, 'UTC')} AND told IN ('csat', 'nps')
    UNION ALL
    SELECT 'delivery', toUnixTimestamp64Milli(toDateTime64(toMonday(toDate(promise, {zone:String})), 3, {zone:String})) AS week, '', 0, count(), '',
        countIf(ifNull(delivered, {end:DateTime64(3, 'UTC')}) > promise)
    FROM (
        SELECT delivered, assumeNotNull(coalesce(first_promised, promised, requested)) AS promise
        FROM {order_line:Identifier}
        WHERE customer = {customer:String} AND NOT cancelled AND coalesce(first_promised, promised, requested) IS NOT NULL
    )
    WHERE promise < {end:DateTime64(3, 'UTC')}
    GROUP BY week
    UNION ALL
    SELECT 'crash', toUnixTimestamp64Milli(min(time)), topK(1)(exception)[1], 0, count(), '', uniqExact(user_id)
    FROM events
    WHERE type = 'crash' AND customer = {customer:String} AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
    GROUP BY toDate(time, {zone:String})
)
WHERE moment >= toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')}) AND moment < toUnixTimestamp64Milli({end:DateTime64(3, 'UTC')})
ORDER BY moment DESC, kind, name
LIMIT {most:UInt32}
