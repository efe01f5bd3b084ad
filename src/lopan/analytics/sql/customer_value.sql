-- Weeks (by their Monday) in which people of young customers passed the last step of workflows: the first week with
-- enough runs by enough people is when the customer got what it bought the app for.
SELECT customer, min(week) AS first
FROM (
    SELECT toString(customer) AS customer, toMonday(toDate(time, {zone:String})) AS week,
        uniqExact(workflow, if(instance = '', toString(toDate(time, {zone:String})), instance), user_id) AS runs,
        uniqExact(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)) AS people
    FROM events
    WHERE type = 'workflow' AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')} AND user_id > 0
        AND customer != '' AND (empty({customers:Array(String)}) OR has({customers:Array(String)}, customer))
        AND has({last_steps:Array(String)}, step) AND has({finals:Array(String)}, concat(workflow, '\n', step))
        AND has({passed:Array(String)}, concat(workflow, '\n', status))
    GROUP BY customer, week
    HAVING runs >= 5 AND people >= 2
)
GROUP BY customer
