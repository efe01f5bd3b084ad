-- Everybody who was ever active, and those active in the 28 days that end with {last}.
SELECT
    bitmapCardinality(groupBitmapMergeState(users)) AS total,
    bitmapCardinality(groupBitmapMergeStateIf(users, day > {last:Date} - 28)) AS active
FROM people WHERE axis = {axis:String} AND name = {name:String}
