-- Who was active on each day, by number in order.
SELECT day, bitmapToArray(groupBitmapMergeState(users)) AS active
FROM people
WHERE axis = {axis:String} AND name = {name:String}
GROUP BY day
