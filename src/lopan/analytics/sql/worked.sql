SELECT at, works, sum(length) OVER (ORDER BY at) AS worked
FROM (
    SELECT at, works,
        lagInFrame(works, 1, 0) OVER before * dateDiff('millisecond', lagInFrame(at, 1, at) OVER before, at) AS length
    FROM (
        SELECT at, toInt64(sum(on) OVER (ORDER BY at) > 0 AND sum(off) OVER (ORDER BY at) = 0) AS works
        FROM (
            SELECT mark.1 AS at, sumIf(mark.2, works) AS on, sumIf(mark.2, NOT works) AS off
            FROM (
                SELECT arrayJoin([(started, 1), (ended, -1)]) AS mark, kind = 'shift' AS works
                FROM {shift:Identifier}
                WHERE site = {support:String} AND work_unit = ''
            )
            GROUP BY at
        )
    )
    WINDOW before AS (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
