SELECT
    work_unit, site, name AS shift, fromUnixTimestamp64Milli(began, 'UTC') AS started,
    fromUnixTimestamp64Milli(finished, 'UTC') AS ended,
    intervalLengthSumIf(b, e, rank = 0) AS off, intervalLengthSumIf(b, e, rank <= 1) AS l1,
    intervalLengthSumIf(b, e, rank <= 2) AS l2, intervalLengthSumIf(b, e, rank <= 3) AS l3,
    intervalLengthSumIf(b, e, rank <= 4) AS l4, intervalLengthSumIf(b, e, rank <= 5) AS l5,
    intervalLengthSumIf(b, e, rank <= 6) AS l6,
    (l1 - off) / 1000 AS down_s, (l2 - l1) / 1000 AS planned_down_s, (l3 - l2) / 1000 AS delay_s, (l4 - l3) / 1000 AS setup_s,
    (l5 - l4) / 1000 AS production_s, (l6 - l5) / 1000 AS idle_s,
    (finished - began - off) / 1000 - planned_down_s AS planned_s,
    sum(s_good * share) AS good, sum((s_good + s_scrap) * share) AS made,
    sum(ifNull(ideal_cycle_s, 0) * s_good * share) AS ideal_good_s,
    sum(ifNull(ideal_cycle_s, 0) * (s_good + s_scrap) * share) AS ideal_s,
    sumIf((s_good + s_scrap) * share, ideal_cycle_s IS NULL) AS unrated
FROM (
    SELECT u.work_unit AS work_unit, u.site AS site, u.name AS name, u.began AS began, u.finished AS finished, s.rank AS rank,
        greatest(s.began, u.began) AS b, least(s.finished, u.finished) AS e, s.good AS s_good, s.scrap AS s_scrap,
        s.ideal_cycle_s AS ideal_cycle_s, if(s.finished > s.began, (e - b) / (s.finished - s.began), 1) AS share
    FROM (
        SELECT *, arrayJoin(range(toUInt32(intDiv(began, 86400000)), toUInt32(intDiv(finished - 1, 86400000)) + 1)) AS date
        FROM {unit_calendar:Identifier}
        WHERE kind = 'shift'
    ) AS u
    INNER JOIN (
        SELECT *, arrayJoin(range(toUInt32(intDiv(began, 86400000)), toUInt32(intDiv(greatest(finished - 1, began), 86400000)) + 1)) AS date
        FROM (
            SELECT work_unit, site, began, finished, rank, good, scrap, ideal_cycle_s FROM {states:Identifier}
            UNION ALL
            SELECT work_unit, site, began, finished, 0, 0., 0., CAST(NULL, 'Nullable(Float64)')
            FROM {unit_calendar:Identifier} WHERE kind != 'shift'
        )
        WHERE finished >= began
    ) AS s ON u.work_unit = s.work_unit AND u.site = s.site AND u.date = s.date
    WHERE s.began < u.finished AND (s.finished > u.began OR (s.finished = s.began AND s.began >= u.began))
        AND u.date = toUInt32(intDiv(greatest(s.began, u.began), 86400000))
)
GROUP BY work_unit, site, name, began, finished
HAVING countIf(rank > 0) > 0
