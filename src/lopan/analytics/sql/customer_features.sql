-- Features that people of each customer used with success in the 28 days that end with each day asked for.
SELECT asked AS day, name AS customer, groupUniqArray(feature) AS features
FROM used
ARRAY JOIN arrayFilter(one -> used.day <= one AND used.day > one - 28, {days:Array(Date)}) AS asked
WHERE axis = 'customer' AND name != '' AND ({customer:String} = '' OR name = {customer:String})
    AND bitmapCardinality(done) > 0
GROUP BY asked, name
