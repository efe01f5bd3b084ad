-- Who was active on any of the days, by number in order.
SELECT bitmapToArray(groupBitmapMergeState(users)) AS active
FROM people
WHERE axis = ''
