-- Sessions of the range, of each of its days, and of each value of an axis; durations in ms.
SELECT
    grouping(day) = 0 AS of_day,
    grouping(name) = 0 AS of_name,
    day,
    name,
    sum(length(durations)) AS number,
    sum(singles) AS single,
    sum(arraySum(durations)) AS total,
    quantileExactInclusiveArray(0.5)(durations) AS median,
    quantileExactInclusiveArray(0.5)(arraySlice(durations, singles + 1)) AS median_without
FROM (
    SELECT
        day,
        durations,
        singles,
        multiIf({by:String} = 'role', role, {by:String} = 'release', release, {by:String} = 'customer', customer, '') AS name
    FROM session_list
    WHERE {axis:String} = ''
        OR multiIf({axis:String} = 'role', role, {axis:String} = 'release', release, customer) = {name:String}
)
GROUP BY GROUPING SETS ((day), (name), ())
