-- People of a range and of the one before, all there ever were by the end of each and by the day before it; and by role.
SELECT
    axis,
    name,
    groupBitmapMergeIf(users, day BETWEEN {first:Date} AND {last:Date}) AS active,
    groupBitmapMergeIf(users, day BETWEEN {before_first:Date} AND {before_last:Date}) AS active_before,
    groupBitmapMergeIf(users, day <= {last:Date}) AS ever,
    groupBitmapMergeIf(users, day < {first:Date}) AS ever_until,
    groupBitmapMergeIf(users, day <= {before_last:Date}) AS ever_before,
    groupBitmapMergeIf(users, day < {before_first:Date}) AS ever_before_until
FROM people
WHERE axis IN ('', 'role')
GROUP BY axis, name
ORDER BY active DESC, name
