-- Runs of one customer that are old enough to be judged, and those that were completed, by first entry.
SELECT sum(first[1]) AS started, sum(first[-1]) AS completed
FROM runs
WHERE axis = 'customer' AND name = {customer:String} AND due <= {at:UInt32}
