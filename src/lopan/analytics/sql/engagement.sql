-- Every local day from {origin} on: people in it and in the windows that end with it. The first row is everything before.
-- `part` is who passes the filter; whether somebody came back is asked of all that they did.
SELECT
    day,
    bitmapCardinality(part) AS dau,
    bitmapCardinality(part_week) AS wau,
    bitmapCardinality(part_month) AS mau,
    bitmapAndnotCardinality(part, before) AS fresh,
    bitmapAndCardinality(part, recent) AS returning,
    bitmapAndnotCardinality(part_then, month) AS dormant,
    bitmapAndnotCardinality(part_month_then, month) AS churned,
    bitmapCardinality(part_month_then) AS base
FROM (
    SELECT
        day,
        part,
        groupBitmapMergeState(whole) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
        groupBitmapMergeState(whole) OVER (ORDER BY day ROWS BETWEEN 28 PRECEDING AND 1 PRECEDING) AS recent,
        groupBitmapMergeState(whole) OVER (ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS month,
        groupBitmapMergeState(part) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS part_week,
        groupBitmapMergeState(part) OVER (ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS part_month,
        groupBitmapMergeState(part) OVER (ORDER BY day ROWS BETWEEN 28 PRECEDING AND 28 PRECEDING) AS part_then,
        groupBitmapMergeState(part) OVER (ORDER BY day ROWS BETWEEN 55 PRECEDING AND 28 PRECEDING) AS part_month_then
    FROM (
        SELECT
            greatest(day, {origin:Date}) AS day,
            groupBitmapMergeStateIf(users, axis = '') AS whole,
            groupBitmapMergeStateIf(users, axis = {axis:String} AND name = {name:String}) AS part
        FROM (
            SELECT day, axis, name, users FROM people
            WHERE axis = '' OR (axis = {axis:String} AND name = {name:String})
            UNION ALL
            SELECT {origin:Date} + number AS day, '' AS axis, '' AS name, bitmapBuild(CAST([], 'Array(UInt32)')) AS users
            FROM numbers({days:UInt32})
        )
        GROUP BY day
    )
)
ORDER BY day
