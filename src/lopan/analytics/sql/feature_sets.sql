-- Users of each feature by day and value of an axis, of all its values or only of {names}: who succeeded, who tried.
SELECT day, feature, name, bitmapToArray(groupBitmapMergeState(done)) AS done,
    bitmapToArray(groupBitmapMergeState(tried)) AS tried, sum(uses) AS uses
FROM used
WHERE axis = {axis:String} AND (empty({names:Array(String)}) OR has({names:Array(String)}, name))
GROUP BY day, feature, name
