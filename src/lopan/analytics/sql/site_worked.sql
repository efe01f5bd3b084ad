-- From each mark of a site's calendar on: whether it works, and for how many milliseconds it had worked by then.
SELECT site, at, works, sum(length) OVER (PARTITION BY site ORDER BY at) AS worked
FROM (
    SELECT site, at, works,
        lagInFrame(works, 1, 0) OVER before * dateDiff('millisecond', lagInFrame(at, 1, at) OVER before, at) AS length
    FROM (
        SELECT site, at, toInt64(sum(on) OVER held > 0 AND sum(off) OVER held = 0) AS works
        FROM (
            SELECT site, mark.1 AS at, sumIf(mark.2, works) AS on, sumIf(mark.2, NOT works) AS off
            FROM (
                SELECT toString(site) AS site, arrayJoin([(started, 1), (ended, -1)]) AS mark, kind = 'shift' AS works
                FROM {shift:Identifier}
                WHERE work_unit = ''
            )
            GROUP BY site, at
        )
        WINDOW held AS (PARTITION BY site ORDER BY at)
    )
    WINDOW before AS (PARTITION BY site ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
