-- Runs by the day they began and as stamped, of all customers or one; times in ms, in no order, only where {timed} = 1.
SELECT day, workflow, role, release, due, sum(begun) AS begun, sumForEach(first) AS first, sumForEach(any) AS any,
    groupArrayArrayForEach(if({timed:UInt8} = 1, gaps, [])) AS gaps,
    groupArrayArray(if({timed:UInt8} = 1, totals, [])) AS totals
FROM runs
WHERE axis = if({customer:String} = '', '', 'customer') AND name = {customer:String}
GROUP BY day, workflow, role, release, due
