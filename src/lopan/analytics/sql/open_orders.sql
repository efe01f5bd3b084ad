SELECT order, site, product, customer, ordered, good, scrap, planned_start, planned_end, started, due,
    if(planned_end > planned_start AND planned_start < {now:DateTime64(3, 'UTC')},
        ordered * least(1, dateDiff('millisecond', assumeNotNull(planned_start), {now:DateTime64(3, 'UTC')})
            / dateDiff('millisecond', assumeNotNull(planned_start), assumeNotNull(planned_end))), NULL) AS plan_now,
    if(good > 0 AND started < {now:DateTime64(3, 'UTC')},
        addMilliseconds({now:DateTime64(3, 'UTC')}, toInt64(least(3.2e11, greatest(0, ordered - good) / good
            * dateDiff('millisecond', assumeNotNull(started), {now:DateTime64(3, 'UTC')})))), NULL) AS expected
FROM {work_order:Identifier}
WHERE status IN ('planned', 'released', 'running', '') AND ended IS NULL AND good < ordered
    AND (due < {soon:DateTime64(3, 'UTC')} OR planned_start < {now:DateTime64(3, 'UTC')})
    AND {site:String} IN ('', site) AND {product:String} IN ('', product) AND {customer:String} IN ('', customer)
    AND ({region:String} = '' OR customer IN (
        SELECT account FROM {account:Identifier} GROUP BY account HAVING argMax(region, (valid_from, ver)) = {region:String}
    ))
ORDER BY due IS NULL, due DESC, order
LIMIT {most:UInt32}
