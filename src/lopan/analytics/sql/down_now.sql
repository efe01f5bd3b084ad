SELECT work_unit, site, argMin(reason, started) AS why, min(started) AS since, argMin(order, started) AS job
FROM {work_unit_state:Identifier}
WHERE state = 'down' AND started <= {now:DateTime64(3, 'UTC')} AND ifNull(ended > {now:DateTime64(3, 'UTC')}, 1)
    AND {site:String} IN ('', site)
    AND {region:String} IN ('', transform(toString(site), {sites:Array(String)}, {regions:Array(String)}, ''))
GROUP BY work_unit, site
ORDER BY since, work_unit
