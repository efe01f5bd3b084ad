-- Runs of each workflow by the day they began, and how many of those judged at {at} got to each stage by first entry.
SELECT workflow, day, sum(begun) AS begun, sumForEachIf(first, due <= {at:UInt32}) AS first
FROM runs
WHERE has({wanted:Array(String)}, workflow)
    AND (({axis:String} = 'customer' AND axis = 'customer' AND name = {name:String}) OR ({axis:String} != 'customer' AND axis = ''))
    AND ({axis:String} != 'role' OR role = {name:String}) AND ({axis:String} != 'release' OR release = {name:String})
GROUP BY workflow, day
