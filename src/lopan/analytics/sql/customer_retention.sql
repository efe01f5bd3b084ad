-- Of those active in the 28 days before the last 28 that end with {last}, who was active again.
SELECT bitmapAndCardinality(then_users, now_users) AS back, bitmapCardinality(then_users) AS base, bitmapCardinality(now_users) AS now
FROM (
    SELECT groupBitmapMergeStateIf(users, day <= {last:Date} - 28) AS then_users,
        groupBitmapMergeStateIf(users, day > {last:Date} - 28) AS now_users
    FROM people
    WHERE axis = 'customer' AND name = {customer:String}
)
