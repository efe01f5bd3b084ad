-- Runs of workflows by the local day they began. An entry is any event of step 1. It begins a run: by id, when it follows
-- no other entry of the id within the window; by person, as the first of a local day. The entries of a run are those
-- within one window of its start, and each has a window of its own. Number 0 = entered, 1 = step 1 passed. `events` is in
-- the order (time, number): what happens at one moment counts in the order of the steps, and repeats change nothing.
-- A run younger than its window is begun, but not judged.
SELECT project, day, workflow, who.1 AS axis, who.2 AS name, role, release, count() AS begun,
    sumForEach(arrayMap(stage -> toUInt32(judged AND length(passed_first) >= stage), range(1, stages + 1))) AS first,
    sumForEach(arrayMap(stage -> toUInt32(judged AND length(passed_any) >= stage), range(1, stages + 1))) AS any,
    groupArrayIf(passed_first, judged) AS judged_first,
    arrayMap(stage -> arraySort(arrayMap(run -> toUInt32(run[stage] - run[stage - 1]),
        arrayFilter(run -> length(run) >= stage, judged_first))), range(2, length(first) + 1)) AS gaps,
    arraySort(arrayMap(run -> toUInt32(run[-1] - run[1]),
        arrayFilter(run -> length(run) = length(first), judged_first))) AS totals
FROM (
    SELECT project, workflow, toDate(fromUnixTimestamp64Milli(started, 'UTC'), {zone:String}) AS day, started,
        entry.3 AS role, entry.4 AS release, entry.5 AS customer, width, stages,
        started <= toUnixTimestamp64Milli({now:DateTime64(3, 'UTC')}) - width AS judged,
        arrayFold((passed, e) -> if(e.2 = length(passed) AND e.1 <= started + width, arrayPushBack(passed, e.1), passed),
            arrayFilter(e -> e.1 >= started, events), [started]) AS passed_first,
        arrayDistinct(arrayMap(e -> e.1, arrayFilter(
            e -> length(passed_first) < stages AND e.1 > started AND e.1 <= started + width, entries))) AS again,
        arraySort(passed -> (-length(passed), passed[1]), arrayPushFront(arrayMap(
            begun -> arrayFold(
                (passed, e) -> if(e.2 = length(passed) AND e.1 >= begun AND e.1 <= begun + width,
                    arrayPushBack(passed, e.1), passed),
                events, [begun]), again), passed_first))[1] AS passed_any
    FROM (
        SELECT project, workflow, width, stages, events, entries, entry, entry.1 AS started
        FROM (
            SELECT project, workflow, any(width) AS width, any(stages) AS stages,
                arraySort(groupUniqArray((at, number, role, release, customer))) AS events,
                arrayFilter(e -> e.2 = 0, events) AS entries,
                arrayFilter((e, at, before) -> before = 0 OR if(run = '',
                        toDate(fromUnixTimestamp64Milli(at, 'UTC'), {zone:String}) != toDate(fromUnixTimestamp64Milli(before, 'UTC'), {zone:String}),
                        at - before > width),
                    entries, arrayMap(e -> e.1, entries), arrayPopBack(arrayPushFront(arrayMap(e -> e.1, entries), 0))) AS starts
            FROM (
                SELECT project, workflow, toUnixTimestamp64Milli(time) AS at, role, release, customer,
                    indexOf({workflows:Array(String)}, workflow) AS w,
                    {widths:Array(Int64)}[w] AS width, {stages:Array(UInt8)}[w] AS stages,
                    indexOf({steps:Array(String)}, concat(workflow, '\n', step)) AS place,
                    place - {offsets:Array(Int64)}[w] AS step_number,
                    has({passed:Array(String)}, concat(workflow, '\n', status)) AS is_passed,
                    arrayJoin(arrayConcat(if(step_number = 1, [0], []), if(is_passed, [step_number], []))::Array(Int64)) AS number,
                    if({keys:Array(String)}[w] = 'user', '', instance) AS run,
                    multiIf(run != '' AND {keys:Array(String)}[w] = 'shared', 0,
                        user_id > 0, toUInt64(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)), install_id > 0, install_id + 4294967296, 0) AS person
                FROM events
                WHERE type = 'workflow' AND time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
                    AND ({project:UInt32} = 0 OR project = {project:UInt32})
                    AND has({workflows:Array(String)}, workflow)
            )
            WHERE place > 0 AND (person > 0 OR run != '')
                AND ({slices:UInt32} = 1 OR sipHash64(person, run) % {slices:UInt32} = {slice:UInt32})
            GROUP BY project, workflow, person, run
        )
        ARRAY JOIN starts AS entry
        WHERE entry.1 >= toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')}) AND entry.1 < toUnixTimestamp64Milli({end:DateTime64(3, 'UTC')})
    )
)
ARRAY JOIN [('', ''), ('customer', toString(customer))] AS who
GROUP BY project, day, workflow, axis, name, role, release
