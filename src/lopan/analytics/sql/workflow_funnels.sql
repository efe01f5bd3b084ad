-- One row a workflow, and for each of its roles and releases: runs, how many got to each stage, ms from stage to stage.
-- Runs not judged yet at {at}, in s since 1970, have only begun.
SELECT workflow, grouping(role) = 0 AS of_role, grouping(release) = 0 AS of_release, role, release,
    sum(begun) AS begun, sumForEachIf(first, due <= {at:UInt32}) AS first, sumForEachIf(any, due <= {at:UInt32}) AS any,
    quantilesExactInclusiveArrayForEachIf(0.5, 0.9)(gaps, due <= {at:UInt32}) AS gaps,
    quantilesExactInclusiveArrayIf(0.5, 0.9)(totals, due <= {at:UInt32}) AS totals
FROM runs
WHERE has({wanted:Array(String)}, workflow)
    AND (({axis:String} = 'customer' AND axis = 'customer' AND name = {name:String}) OR ({axis:String} != 'customer' AND axis = ''))
    AND ({axis:String} != 'role' OR role = {name:String}) AND ({axis:String} != 'release' OR release = {name:String})
GROUP BY GROUPING SETS ((workflow), (workflow, role), (workflow, release))
