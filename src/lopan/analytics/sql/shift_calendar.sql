-- Every shift of a site, or of one work unit, with the pauses in it: (work unit or '', begin, end); times in ms.
SELECT site, scope, name, began, finished,
    groupUniqArrayArray(arrayMap(p -> (p.1, greatest(p.2, began), least(p.3, finished)),
        arrayFilter(p -> p.2 < finished AND p.3 > began, paused))) AS pauses
FROM (
    SELECT site, work_unit AS scope, name, began, finished,
        arrayJoin(range(toUInt32(intDiv(began, 86400000)), toUInt32(intDiv(finished - 1, 86400000)) + 1)) AS date
    FROM (
        SELECT site, work_unit, name, toUnixTimestamp64Milli(greatest(started, ifNull(earlier, started))) AS began,
            toUnixTimestamp64Milli(least(ended, {now:DateTime64(3, 'UTC')})) AS finished
        FROM (
            SELECT *, max(toNullable(ended)) OVER (
                PARTITION BY site, work_unit ORDER BY started, ended, key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS earlier
            FROM {shift:Identifier}
            WHERE kind = 'shift' AND started < {end:DateTime64(3, 'UTC')} + toIntervalDay(1) AND ended >= {start:DateTime64(3, 'UTC')}
        )
    )
    WHERE finished > began
) AS c
LEFT JOIN (
    SELECT site, arrayJoin(range(toUInt32(intDiv(start_ms, 86400000)), toUInt32(intDiv(end_ms - 1, 86400000)) + 1)) AS date,
        groupArray((work_unit, start_ms, end_ms)) AS paused
    FROM (
        SELECT toString(site) AS site, toString(work_unit) AS work_unit, toUnixTimestamp64Milli(started) AS start_ms,
            toUnixTimestamp64Milli(least(ended, {now:DateTime64(3, 'UTC')})) AS end_ms
        FROM {shift:Identifier}
        WHERE kind != 'shift' AND started < {end:DateTime64(3, 'UTC')} + toIntervalDay(1) AND ended >= {start:DateTime64(3, 'UTC')}
    )
    WHERE end_ms > start_ms
    GROUP BY site, date
) AS p ON c.site = p.site AND c.date = p.date
GROUP BY site, scope, name, began, finished
