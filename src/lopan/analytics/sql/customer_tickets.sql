-- Tickets of each customer at the moments {untils} (ms), each with the 28 days since {sinces}. A ticket is open from its
-- first event on, unless the last of resolved, reopened and closed says otherwise; what happens at one moment counts in
-- the order of a ticket's life. tickets.sql says the same of the present.
-- A breach is a ticket that was open when it was due: within the 28 days, or earlier when it is still open.
SELECT asked, customer, countIf(is_open) AS open, countIf(is_open AND urgent) AS critical, countIf(breached) AS breaches,
    sum(again) AS reopened, countIf(begun >= since) AS opened, count() AS known
FROM (
    SELECT customer, asked, since, begun,
        arrayLast(e -> e.1 < until, steps).2 IN (0, 5) AS is_open,
        arrayLast(e -> e.1 < until AND e.3 != '', events).3 = 'critical' AS urgent,
        arrayLast(e -> e.1 < until AND e.4 > 0, events).4 AS due,
        due > 0 AND due < until AND begun <= due AND arrayLast(e -> e.1 <= due, steps).2 IN (0, 5)
            AND (due >= since OR is_open) AS breached,
        arrayCount(e -> e.2 = 5 AND e.1 >= since AND e.1 < until, events) AS again
    FROM (
        SELECT argMaxIf(customer, (at, ver), customer != '') AS customer,
            arraySort(groupArray((toUnixTimestamp64Milli(at),
                indexOf(['opened', 'responded', 'waiting', 'resumed', 'resolved', 'reopened', 'closed'], event) - 1,
                toString(priority), ifNull(toUnixTimestamp64Milli(due), 0)))) AS events,
            arrayFilter(e -> e.2 IN (4, 5, 6), events) AS steps,
            events[1].1 AS begun
        FROM {ticket_event:Identifier}
        GROUP BY source, ticket
        HAVING {customer:String} = '' OR customer = {customer:String}
    )
    ARRAY JOIN {days:Array(Date)} AS asked, {untils:Array(Int64)} AS until, {sinces:Array(Int64)} AS since
    WHERE customer != '' AND begun < until
)
GROUP BY asked, customer
