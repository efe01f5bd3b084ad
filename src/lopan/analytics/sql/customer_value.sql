-- The day on which each of {customers} first had what it bought the app for: from its own day of {sinces} on (days since
-- 1970), the first by which {people} people had completed {runs} runs of workflows within one ISO week. A run is completed
-- when its last step is passed; one counts once a week, on its first day.
SELECT customer, min(greatest(run_days[{runs:UInt32}], person_days[{people:UInt32}])) AS reached
FROM (
    SELECT customer, week, arraySort(mapValues(minMap(map(run, first)))) AS run_days,
        arraySort(mapValues(minMap(map(person, first)))) AS person_days
    FROM (
        SELECT customer, toMonday(day) AS week, person, min(day) AS first,
            multiIf(instance = '' OR keyed = 'user', concat(workflow, '\nday\n', toString(person), '\n', toString(day)),
                keyed = 'shared', concat(workflow, '\nshared\n', instance),
                concat(workflow, '\nown\n', toString(person), '\n', instance)) AS run
        FROM (
            SELECT toString(customer) AS customer, toDate(time, {zone:String}) AS day, workflow, instance,
                {keys:Array(String)}[indexOf({workflows:Array(String)}, workflow)] AS keyed,
                dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id) AS person
            FROM events
            WHERE type = 'workflow' AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
                AND user_id > 0 AND has({customers:Array(String)}, customer) AND has({last_steps:Array(String)}, step)
                AND has({finals:Array(String)}, concat(workflow, '\n', step))
                AND has({passed:Array(String)}, concat(workflow, '\n', status))
        )
        WHERE toInt64(day) >= transform(customer, {customers:Array(String)}, {sinces:Array(Int64)}, toInt64(0))
        GROUP BY customer, week, person, run
    )
    GROUP BY customer, week
    HAVING length(run_days) >= {runs:UInt32} AND length(person_days) >= {people:UInt32}
)
GROUP BY customer
