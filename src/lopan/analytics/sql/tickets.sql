-- One row a ticket. It is open from its first event on (`begun`), unless the last of resolved, reopened and closed says
-- otherwise; at one moment they count in that order, as in customer_tickets.sql.
SELECT
    ticket, begun, who AS customer, urgency AS priority, sort AS category, way AS channel, opened, responded, promised AS due, reopened, again,
    if(settled IS NULL OR settled < again, NULL, settled) AS resolved,
    ifNull(resolved < opened, 0) AS reversed,
    if(reversed, NULL, dateDiff('millisecond', opened, resolved) / 3600000) AS hours,
    if(reversed OR NOT scheduled, NULL, (settled_worked - opened_worked) / 3600000) AS business_hours,
    arrayFilter(x -> x.1 >= first AND x.1 < last, waits) AS waited,
    hours - arraySum(arrayMap(x -> dateDiff('millisecond', x.1, least(x.2, last)), waited)) / 3600000 AS plain_hours,
    ifNull(business_hours - arraySum(arrayMap(x -> least(x.4, settled_worked) - x.3, waited)) / 3600000, plain_hours)
        AS sla_hours
FROM (
    SELECT
        source, ticket, argMax(customer, (customer != '', at)) AS who, argMax(priority, (priority != '', at)) AS urgency,
        argMax(category, (category != '', at)) AS sort, argMax(channel, (channel != '', at)) AS way,
        minIf(at, event = 'opened') AS first, if(countIf(event = 'opened') > 0, first, NULL) AS opened,
        if(countIf(event = 'responded') > 0, minIf(at, event = 'responded'), NULL) AS responded,
        argMax(due, at) AS promised, countIf(event = 'reopened') AS reopened,
        maxIf(at, event = 'reopened') AS again, min(at) AS begun,
        countIf(event = 'resolved') > 0 AND maxIf(at, event = 'resolved') > again AS solved,
        if(countIf(event IN ('resolved', 'closed')) = 0, NULL, last) AS settled,
        if(solved, maxIf(at, event = 'resolved'), maxIf(at, event = 'closed')) AS last,
        max(in_hours) AS scheduled, minIf(worked, event = 'opened') AS opened_worked,
        if(solved, maxIf(worked, event = 'resolved'), maxIf(worked, event = 'closed')) AS settled_worked,
        groupArrayIf((at, until, worked, worked_until), event = 'waiting') AS waits
    FROM (
        SELECT *,
            leadInFrame(at, 1, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) OVER following AS until,
            leadInFrame(worked, 1, toInt64(9000000000000000)) OVER following AS worked_until
        FROM (
            SELECT t.*, w.works IS NOT NULL AS in_hours,
                toInt64(ifNull(w.worked + w.works * dateDiff('millisecond', w.at, t.at), 0)) AS worked
            FROM (
                SELECT source, ticket, customer, event, at, priority, category, channel, due, 1 AS one,
                    event IN ('waiting', 'resumed', 'resolved', 'closed', 'reopened') AS turns
                FROM {ticket_event:Identifier}
            ) AS t
            ASOF LEFT JOIN (
                SELECT 1 AS one, at, toNullable(works) AS works, worked FROM (
                    {worked:Identifier}
                )
            ) AS w ON t.one = w.one AND t.at >= w.at
        )
        WINDOW following AS (
            PARTITION BY source, ticket, turns ORDER BY at, event = 'waiting' DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    )
    GROUP BY source, ticket
)
