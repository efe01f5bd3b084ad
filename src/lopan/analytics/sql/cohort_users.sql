-- The people of a cohort who were active in a stretch of days, and those who were not; by number, smallest first.
SELECT
    arraySort(bitmapToArray(bitmapAnd(cohort, active))) AS back,
    arraySort(bitmapToArray(bitmapAndnot(cohort, active))) AS gone
FROM (
    SELECT
        groupBitmapMergeStateIf(born, day BETWEEN {first:Date} AND {last:Date}) AS cohort,
        groupBitmapMergeStateIf(whole, day BETWEEN {since:Date} AND {until:Date}) AS active
    FROM (
        SELECT
            day,
            whole,
            bitmapAndnot(
                part, groupBitmapMergeState(whole) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            ) AS born
        FROM (
            SELECT
                greatest(day, {first:Date} - 1) AS day,
                groupBitmapMergeStateIf(users, axis = '') AS whole,
                groupBitmapMergeStateIf(users, axis = {axis:String} AND name = {name:String}) AS part
            FROM people
            WHERE axis = '' OR (axis = {axis:String} AND name = {name:String})
            GROUP BY day
        )
    )
)
