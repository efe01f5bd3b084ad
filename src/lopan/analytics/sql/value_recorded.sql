-- The first day on which anybody was at any step of these workflows: before it, nobody could have been seen to complete one.
SELECT toDate(min(time), {zone:String}) AS first FROM events
WHERE type = 'workflow' AND has({workflows:Array(String)}, workflow)
HAVING count() > 0
