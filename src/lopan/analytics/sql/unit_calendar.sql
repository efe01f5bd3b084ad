SELECT u.work_unit AS work_unit, u.site AS site, c.name AS name, c.kind AS kind, c.began AS began, c.finished AS finished
FROM (
    SELECT DISTINCT work_unit, site, if((site, work_unit) IN (
        SELECT site, work_unit FROM {shift:Identifier} WHERE kind = 'shift' AND work_unit != ''
    ), work_unit, '') AS scope
    FROM {states:Identifier}
) AS u
INNER JOIN (
    SELECT site, work_unit, name, kind, toUnixTimestamp64Milli(greatest(started, ifNull(earlier, started))) AS began,
        toUnixTimestamp64Milli(least(ended, {now:DateTime64(3, 'UTC')})) AS finished
    FROM (
        SELECT *, if(kind = 'shift', max(toNullable(ended)) OVER (
            PARTITION BY site, work_unit, kind ORDER BY started, ended, key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), NULL) AS earlier
        FROM {shift:Identifier}
        WHERE started < {end:DateTime64(3, 'UTC')} + toIntervalDay(1) AND ended >= {start:DateTime64(3, 'UTC')}
    )
) AS c ON u.site = c.site
WHERE c.finished > c.began AND if(c.kind = 'shift', c.work_unit = u.scope, c.work_unit IN ('', u.work_unit))
