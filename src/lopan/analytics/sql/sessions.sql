-- Durations in ms of the sessions of each day, by each value of an axis ('' = not split), in no order.
SELECT
    day,
    multiIf({by:String} = 'role', role, {by:String} = 'release', release, {by:String} = 'customer', customer, '') AS split,
    groupArrayArray(durations) AS ms,
    sum(singles) AS single
FROM session_list
WHERE {axis:String} = ''
    OR multiIf({axis:String} = 'role', role, {axis:String} = 'release', release, customer) = {name:String}
GROUP BY day, split
