-- Cohorts by week or month of the first day ever, against every later week or month in which some of them were active.
WITH days AS (
    SELECT
        if({unit:String} = 'week', toMonday(day), toStartOfMonth(day)) AS period,
        day,
        whole,
        bitmapAndnot(
            part, groupBitmapMergeState(whole) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) AS born
    FROM (
        SELECT
            greatest(day, {origin:Date}) AS day,
            groupBitmapMergeStateIf(users, axis = '') AS whole,
            groupBitmapMergeStateIf(users, axis = {axis:String} AND name = {name:String}) AS part
        FROM people
        WHERE axis = '' OR (axis = {axis:String} AND name = {name:String})
        GROUP BY day
    )
)
SELECT cohort, period, bitmapCardinality(born) AS size, bitmapAndCardinality(born, users) AS back
FROM (
    SELECT period AS cohort, groupBitmapMergeState(born) AS born FROM days WHERE day > {origin:Date} GROUP BY period
) AS cohorts
CROSS JOIN (
    SELECT period, groupBitmapMergeState(whole) AS users FROM days WHERE day > {origin:Date} GROUP BY period
) AS actives
WHERE period >= cohort
ORDER BY cohort, period
