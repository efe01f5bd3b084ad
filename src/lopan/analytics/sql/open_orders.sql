-- Orders that are under way, or due soon. `plan_now` is what should be good by now: the ordered units over the time that the site
-- works from the planned start to the planned end, or over all hours where its calendar doesn't reach over both.
SELECT order, site, product, customer, ordered, good, scrap, planned_start, planned_end, started, due,
    if(planned_end > planned_start AND planned_start < present,
        ordered * least(1, if(known, (by_now - by_start) / (by_end - by_start),
            dateDiff('millisecond', assumeNotNull(planned_start), present)
            / dateDiff('millisecond', assumeNotNull(planned_start), assumeNotNull(planned_end)))), NULL) AS plan_now,
    if(good > 0 AND started < present,
        addMilliseconds(present, toInt64(least(3.2e11, greatest(0, ordered - good) / good
            * dateDiff('millisecond', assumeNotNull(started), present)))), NULL) AS expected
FROM (
    SELECT o.order AS order, o.site AS site, o.product AS product, o.customer AS customer, o.ordered AS ordered, o.good AS good,
        o.scrap AS scrap, o.planned_start AS planned_start, o.planned_end AS planned_end, o.started AS started, o.due AS due,
        o.moment AS present,
        n.worked + n.works * greatest(0, dateDiff('millisecond', n.at, present)) AS by_now,
        s.worked + s.works * dateDiff('millisecond', s.at, o.starts) AS by_start,
        e.worked + e.works * dateDiff('millisecond', e.at, o.ends) AS by_end,
        c.site = o.site AND c.first <= o.starts AND c.last >= o.ends AND by_end > by_start AS known
    FROM (
        SELECT toString(order) AS order, toString(site) AS site, toString(product) AS product, toString(customer) AS customer,
            ordered, good, scrap, planned_start, planned_end, started, due, {now:DateTime64(3, 'UTC')} AS moment,
            ifNull(planned_start, moment) AS starts, ifNull(planned_end, moment) AS ends
        FROM {work_order:Identifier}
        WHERE status IN ('planned', 'released', 'running', '') AND ended IS NULL AND good < ordered
            AND (due < {soon:DateTime64(3, 'UTC')} OR planned_start < {now:DateTime64(3, 'UTC')})
            AND {site:String} IN ('', site) AND {product:String} IN ('', product) AND {customer:String} IN ('', customer)
            AND ({region:String} = '' OR customer IN (
                SELECT account FROM {account:Identifier}
                GROUP BY account HAVING argMax(region, (valid_from, ver)) = {region:String}
            ))
    ) AS o
    ASOF LEFT JOIN (SELECT * FROM {site_worked:Identifier}) AS n ON o.site = n.site AND o.moment >= n.at
    ASOF LEFT JOIN (SELECT * FROM {site_worked:Identifier}) AS s ON o.site = s.site AND o.starts >= s.at
    ASOF LEFT JOIN (SELECT * FROM {site_worked:Identifier}) AS e ON o.site = e.site AND o.ends >= e.at
    LEFT JOIN (SELECT site, min(at) AS first, max(at) AS last FROM {site_worked:Identifier} GROUP BY site) AS c ON o.site = c.site
)
ORDER BY due IS NULL, due DESC, order
LIMIT {most:UInt32}
