SELECT
    work_unit, site, fromUnixTimestamp64Milli(first, 'UTC') AS started, (least(last, toUnixTimestamp64Milli({now:DateTime64(3, 'UTC')})) - first) / 1000 AS calendar_s,
    intervalLengthSumIf(b, e, rank <= 1) / 1000 AS down_s,
    intervalLengthSumIf(b, e, rank <= 3) AS l3, intervalLengthSumIf(b, e, rank <= 4) AS l4, intervalLengthSumIf(b, e, rank <= 5) AS l5,
    (l5 - l4) / 1000 AS production_s, (l5 - l3) / 1000 AS busy_s
FROM (
    SELECT work_unit, site, rank, {begin_of(day, site)} * 1000 AS first, {begin_of(next, site)} * 1000 AS last,
        greatest(began, first) AS b, least(finished, last) AS e
    FROM (
        SELECT work_unit, site, rank, began, finished, arrayJoin(range(toUInt64(d_first), toUInt64(d_last) + 1)) AS date,
            toInt64(date) AS day, day + 1 AS next
        FROM (
            SELECT work_unit, site, rank, began, finished, fromUnixTimestamp64Milli(began, 'UTC') AS at,
                fromUnixTimestamp64Milli(greatest(finished - 1, began), 'UTC') AS until,
                {day_of(at, site)} AS d_first, {day_of(until, site)} AS d_last
            FROM {states:Identifier}
            WHERE finished >= began
        )
    )
)
WHERE e >= b
GROUP BY work_unit, site, first, last
