SELECT employee, site, fromUnixTimestamp64Milli(first, 'UTC') AS started,
    intervalLengthSum(greatest(began, first), least(finished, last)) / 1000 AS busy_s
FROM (
    SELECT employee, site, began, finished, {begin_of(day, site)} * 1000 AS first, {begin_of(next, site)} * 1000 AS last
    FROM (
        SELECT employee, site, began, finished, arrayJoin(range(toUInt64(d_first), toUInt64(d_last) + 1)) AS date,
            toInt64(date) AS day, day + 1 AS next
        FROM (
            SELECT employee, site, toUnixTimestamp64Milli(l.started) AS began,
                toUnixTimestamp64Milli(least(ifNull(l.ended, {now:DateTime64(3, 'UTC')}), {now:DateTime64(3, 'UTC')})) AS finished,
                fromUnixTimestamp64Milli(began, 'UTC') AS at,
                fromUnixTimestamp64Milli(greatest(finished - 1, began), 'UTC') AS until,
                {day_of(at, site)} AS d_first, {day_of(until, site)} AS d_last
            FROM {labour:Identifier} AS l
            WHERE l.started < {end:DateTime64(3, 'UTC')} AND l.started < {now:DateTime64(3, 'UTC')}
                AND ifNull(l.ended, {now:DateTime64(3, 'UTC')}) >= {start:DateTime64(3, 'UTC')}
        )
        WHERE finished >= began
    )
)
GROUP BY employee, site, first, last
