-- The first and the newest day for which each site's stock is known.
SELECT toString(site) AS site, toInt64(min(day)) AS since, toInt64(max(day)) AS newest
FROM {inventory_snapshot:Identifier}
WHERE {site:String} = '' OR site = {site:String}
GROUP BY site ORDER BY site
