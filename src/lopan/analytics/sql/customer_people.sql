-- Distinct people of each customer active in the 28 days that end with each day asked for.
SELECT asked AS day, name AS customer, groupBitmapMerge(users) AS active
FROM people
ARRAY JOIN arrayFilter(one -> people.day <= one AND people.day > one - 28, {days:Array(Date)}) AS asked
WHERE axis = 'customer' AND name != '' AND ({customer:String} = '' OR name = {customer:String})
GROUP BY asked, name
