-- Active people of one customer (own = 1) and of all others in the 28 days that end with {last} and in the 28 before.
SELECT name = {customer:String} AS own, day <= {last:Date} - 28 AS before, groupBitmapMerge(users) AS people
FROM people
WHERE axis = 'customer' AND name != ''
GROUP BY own, before
