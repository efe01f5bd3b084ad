-- The day of the first cost of the roll-out, at a site or, where none names it, anywhere; no row where there is none.
SELECT toInt64(if(countIf(site = {site:String}) > 0, minIf(day, {site:String} = '' OR site = {site:String}), min(day))) AS first
FROM {rollout_cost:Identifier}
WHERE {site:String} = '' OR site IN ('', {site:String})
HAVING count() > 0
