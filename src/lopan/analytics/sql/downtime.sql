SELECT reason, sum(lost) / 3600000 AS hours, sum(times) AS stops, count() AS units
FROM (
    SELECT reason, work_unit, site, intervalLengthSum(b, e) AS lost, count() AS times
    FROM (
        SELECT toString(reason) AS reason, work_unit, site, greatest(began, toUnixTimestamp64Milli({from:DateTime64(3, 'UTC')})) AS b,
            least(finished, toUnixTimestamp64Milli({until:DateTime64(3, 'UTC')})) AS e
        FROM {states:Identifier}
        WHERE rank = 1
    )
    WHERE e > b AND {site:String} IN ('', site)
        AND {region:String} IN ('', transform(toString(site), {sites:Array(String)}, {regions:Array(String)}, ''))
    GROUP BY reason, work_unit, site
)
GROUP BY reason
ORDER BY hours DESC, reason
