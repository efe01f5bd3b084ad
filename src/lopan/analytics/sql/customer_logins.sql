-- The first day on which somebody of each customer was active.
SELECT name AS customer, min(day) AS first
FROM people
WHERE axis = 'customer' AND name != ''
GROUP BY customer
