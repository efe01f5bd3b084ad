-- The market as of each day of `lasts` (`ends`: the moment at which it ends), by segment and region: parent companies that
-- could be customers, and those that are. A company is as its newest row says; won is who is named as a customer and has a
-- contract (or has never had one: then the name is all there is). Customers whose company is not on the list are `outside`.
-- One row for each day and cell of `levels`; '' with `level` 0 = all, 1 = by segment, 2 = by region, 3 = by both. `newest` is
-- the day from which on the newest row of the list holds.
SELECT p, level, segment, region,
    countIf(e.listed) AS tam, countIf(e.listed AND e.reach >= 2) AS sam, countIf(e.listed AND e.reach = 3) AS som,
    countIf(e.won AND e.listed AND e.reach >= 2) AS won_sam, countIf(e.won AND e.listed AND e.reach = 1) AS won_beyond,
    countIf(e.outside) AS won_outside,
    toFloat64(sumIf(e.value, e.listed AND e.reach >= 2)) AS sam_value,
    toFloat64(sumIf(e.arr, e.won AND e.listed AND e.reach >= 2 AND e.valued)) AS arr_sam,
    toFloat64(sumIf(e.arr, e.won)) AS arr, toFloat64(sumIf(e.arr, e.won AND e.reach < 2)) AS arr_added,
    countIf(e.listed AND e.reach >= 2 AND NOT e.valued) AS unvalued,
    countIf(e.won AND e.listed AND e.valued AND e.value > 0 AND e.arr > e.value) AS over,
    sum(e.missing) AS unpriced, max(e.since) AS newest
FROM (
    SELECT p, level, seg AS segment, reg AS region, entity, max(m.reach) AS reach, max(m.won) AS won,
        max(m.reach) > 0 AS listed, max(m.won) AND max(m.reach) = 0 AS outside,
        sum(m.value) AS value, sum(m.arr) AS arr, min(m.valued) AS valued, sum(m.missing) AS missing, max(m.since) AS since
    FROM {market_rows:Identifier} AS m
    ARRAY JOIN {levels:Array(UInt8)} AS level,
        arrayMap(x -> if(x IN (1, 3), m.segment, ''), {levels:Array(UInt8)}) AS seg,
        arrayMap(x -> if(x IN (2, 3), m.region, ''), {levels:Array(UInt8)}) AS reg
    GROUP BY p, level, seg, reg, entity
) AS e
GROUP BY p, level, segment, region ORDER BY p, level, segment, region
