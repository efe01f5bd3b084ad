SELECT site, argMax(timezone, ver) AS timezone, argMax(day_begins, ver) AS begins, argMax(region, ver) AS region
FROM {site:Identifier} GROUP BY site ORDER BY site
