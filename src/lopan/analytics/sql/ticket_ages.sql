SELECT toString(priority) AS urgency, roundDown(dateDiff('hour', ifNull(opened, begun), {now:DateTime64(3, 'UTC')}), [0, 24, 72, 168, 720]) AS least_h,
    count() AS tickets, max(dateDiff('hour', ifNull(opened, begun), {now:DateTime64(3, 'UTC')})) AS oldest_h
FROM {tickets:Identifier}
WHERE resolved IS NULL AND ifNull(opened, begun) <= {now:DateTime64(3, 'UTC')} AND {customer:String} IN ('', customer)
    AND ({region:String} = '' OR customer IN (
        SELECT account FROM {account:Identifier} GROUP BY account HAVING argMax(region, (valid_from, ver)) = {region:String}
    ))
GROUP BY urgency, least_h
ORDER BY urgency, least_h
