-- What each work unit did in each shift in which it reported anything. A state and a pause that lie in several shifts count
-- in each; a pause comes once with every state of its shift, which changes no union of intervals.
SELECT
    work_unit, site, name AS shift, fromUnixTimestamp64Milli(began, 'UTC') AS started,
    fromUnixTimestamp64Milli(finished, 'UTC') AS ended,
    intervalLengthSumIf(part.1, part.2, part.3 = 0) AS off, intervalLengthSumIf(part.1, part.2, part.3 <= 1) AS l1,
    intervalLengthSumIf(part.1, part.2, part.3 <= 2) AS l2, intervalLengthSumIf(part.1, part.2, part.3 <= 3) AS l3,
    intervalLengthSumIf(part.1, part.2, part.3 <= 4) AS l4, intervalLengthSumIf(part.1, part.2, part.3 <= 5) AS l5,
    intervalLengthSumIf(part.1, part.2, part.3 <= 6) AS l6,
    (l1 - off) / 1000 AS down_s, (l2 - l1) / 1000 AS planned_down_s, (l3 - l2) / 1000 AS delay_s, (l4 - l3) / 1000 AS setup_s,
    (l5 - l4) / 1000 AS production_s, (l6 - l5) / 1000 AS idle_s,
    (finished - began - off) / 1000 - planned_down_s AS planned_s,
    sum(s_good * part.4) AS good, sum((s_good + s_scrap) * part.4) AS made,
    sum(ifNull(ideal_cycle_s, 0) * s_good * part.4) AS ideal_good_s,
    sum(ifNull(ideal_cycle_s, 0) * (s_good + s_scrap) * part.4) AS ideal_s,
    sumIf((s_good + s_scrap) * part.4, ideal_cycle_s IS NULL) AS unrated
FROM (
    SELECT s.work_unit AS work_unit, s.site AS site, c.name AS name, c.began AS began, c.finished AS finished,
        s.good AS s_good, s.scrap AS s_scrap, s.ideal_cycle_s AS ideal_cycle_s,
        greatest(s.began, c.began) AS b, least(s.finished, c.finished) AS e,
        arrayConcat([(b, e, s.rank, if(s.finished > s.began, (e - b) / (s.finished - s.began), 1))],
            arrayMap(p -> (p.2, p.3, 0, 0), arrayFilter(p -> p.1 IN ('', s.work_unit), c.pauses))) AS parts
    FROM (
        SELECT work_unit, site, began, finished, rank, good, scrap, ideal_cycle_s,
            if((site, work_unit) IN (
                SELECT site, work_unit FROM {shift:Identifier} WHERE kind = 'shift' AND work_unit != ''
            ), work_unit, '') AS scope,
            arrayJoin(range(toUInt32(intDiv(began, 86400000)), toUInt32(intDiv(greatest(finished - 1, began), 86400000)) + 1)) AS date
        FROM {states:Identifier}
        WHERE finished >= began
    ) AS s
    INNER JOIN (
        SELECT *, arrayJoin(range(toUInt32(intDiv(began, 86400000)), toUInt32(intDiv(finished - 1, 86400000)) + 1)) AS date
        FROM {shift_calendar:Identifier}
    ) AS c ON s.site = c.site AND s.scope = c.scope AND s.date = c.date
    WHERE s.began < c.finished AND (s.finished > c.began OR (s.finished = s.began AND s.began >= c.began))
        AND s.date = toUInt32(intDiv(greatest(s.began, c.began), 86400000))
)
ARRAY JOIN parts AS part
GROUP BY work_unit, site, name, began, finished
