-- The windows that end with {last}, by each value of an axis; churn asks whether they came back at all.
SELECT
    name,
    bitmapCardinality(day_users) AS dau,
    bitmapCardinality(week_users) AS wau,
    bitmapCardinality(month_users) AS mau,
    bitmapAndnotCardinality(then_users, back) AS churned,
    bitmapCardinality(then_users) AS base,
    visits
FROM (
    SELECT *, groupBitmapMergeStateIf(month_users, axis = '') OVER () AS back
    FROM (
        SELECT
            axis,
            name,
            groupBitmapMergeStateIf(users, day = {last:Date}) AS day_users,
            groupBitmapMergeStateIf(users, day > {last:Date} - 7) AS week_users,
            groupBitmapMergeStateIf(users, day > {last:Date} - 28) AS month_users,
            groupBitmapMergeStateIf(users, day <= {last:Date} - 28) AS then_users,
            sumIf(bitmapCardinality(users), day > {last:Date} - 28) AS visits
        FROM (
            SELECT day, axis, name, groupBitmapMergeState(users) AS users FROM people
            WHERE axis IN ('', {axis:String}) GROUP BY day, axis, name
        )
        GROUP BY axis, name
    )
)
WHERE axis != ''
ORDER BY mau DESC, name
