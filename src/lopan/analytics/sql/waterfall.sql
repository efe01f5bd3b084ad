SELECT work_unit, site, count() AS shifts, sum(planned_s) / 3600 AS planned_h, sum(production_s) / 3600 AS production_h,
    sum(down_s) / 3600 AS down_h, sum(delay_s) / 3600 AS delay_h, sum(setup_s) / 3600 AS setup_h,
    sum(ideal_s) / 3600 AS ideal_h, sum(ideal_good_s) / 3600 AS effective_h, sum(made) AS pieces, sum(unrated) AS no_cycle
FROM {unit_shifts:Identifier}
WHERE started >= {start:DateTime64(3, 'UTC')} AND started < {end:DateTime64(3, 'UTC')} AND {site:String} IN ('', site)
    AND {region:String} IN ('', transform(toString(site), {sites:Array(String)}, {regions:Array(String)}, ''))
    AND {day_of(started, site)} BETWEEN {first:Int64} AND {last:Int64}
GROUP BY work_unit, site
HAVING planned_h > 0
ORDER BY planned_h - effective_h DESC, work_unit
