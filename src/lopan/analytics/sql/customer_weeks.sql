-- Distinct active people of one customer by ISO week.
SELECT toMonday(day) AS week, groupBitmapMerge(users) AS active
FROM people
WHERE axis = 'customer' AND name = {customer:String}
GROUP BY week
ORDER BY week
