-- The people of a cohort who were active in a stretch of days, and those who were not; by number, smallest first.
SELECT arraySort(bitmapToArray(bitmapAnd(born, active))) AS back, arraySort(bitmapToArray(bitmapAndnot(born, active))) AS gone
FROM (
    SELECT
        bitmapAndnot(groupBitmapMergeState(fresh), groupBitmapMergeState(earlier)) AS born,
        groupBitmapMergeState(later) AS active
    FROM (
        SELECT
            groupBitmapMergeStateIf(
                users, axis = {axis:String} AND name = {name:String} AND day BETWEEN {first:Date} AND {last:Date}
            ) AS fresh,
            groupBitmapMergeStateIf(users, axis = '' AND day < {first:Date}) AS earlier,
            groupBitmapMergeStateIf(users, axis = '' AND day BETWEEN {since:Date} AND {until:Date}) AS later
        FROM people
        WHERE axis = '' OR (axis = {axis:String} AND name = {name:String})
    )
)
