-- The day of the first cost of the roll-out; no row where there is none.
SELECT toInt64(min(day)) AS first FROM {rollout_cost:Identifier}
WHERE {site:String} = '' OR site = {site:String}
HAVING count() > 0
