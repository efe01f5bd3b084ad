-- Runs of workflows by the local day they began. An entry is any event of step 1. It begins a run: by id, when it follows
-- no other entry of the id within the window; by person, as the first of a local day. The entries of a run are those
-- within one window of its start, and each has a window of its own.
-- `events` are numbers, ms since 1970 x 32 + what happened: 0 = a run begins, 1 = entered, 2 = step 1 passed, and so on.
-- What happens at one moment counts in the order of the steps, and repeats change nothing. Starts of an id are more than
-- a window apart, so that its run lies in the piece from its start to the next and in the one after: a client that sends
-- one id for everything costs as much as its events.
-- `latest`: of each stage, the latest entry from which it was reached in time; no earlier one can get any further.
-- A run is judged from `due` on, in s since 1970: 0 = by {now}, 4294967295 = after {soon}, when it has only begun.
SELECT project, day, workflow, who.1 AS axis, who.2 AS name, role, release, due, count() AS begun,
    sumForEach(arrayMap(stage -> toUInt32(length(passed) >= stage), range(1, judged_stages + 1))) AS first,
    sumForEach(arrayMap(stage -> toUInt32(reached >= stage), range(1, judged_stages + 1))) AS any,
    arrayMap(times -> arraySort(times), arrayResize(
        groupArrayForEach(arrayMap(ms -> toUInt32(ms), arrayPopFront(arrayDifference(passed)))), length(first) - 1
    )) AS gaps,
    arraySort(groupArrayIf(toUInt32(passed[-1] - passed[1]), length(passed) = judged_stages)) AS totals
FROM (
    SELECT project, workflow, toDate(fromUnixTimestamp64Milli(started, 'UTC'), {zone:String}) AS day, role, release, customer,
        multiIf(
            started + width <= toUnixTimestamp64Milli({now:DateTime64(3, 'UTC')}), 0,
            started + width <= toUnixTimestamp64Milli({soon:DateTime64(3, 'UTC')}), intDiv(started + width + 999, 1000),
            4294967295)::UInt32 AS due,
        if(due = 4294967295, 0, stages)::UInt8 AS judged_stages,
        arrayFold(
            (times, e) -> if(bitAnd(e, 31) = length(times) + 1, arrayPushBack(times, bitShiftRight(e, 5)), times),
            arrayFilter(e -> bitAnd(e, 31) > 1 AND e < (started + width + 1) * 32 AND judged_stages > 0, own),
            [started]) AS times_first,
        if(judged_stages > 0, times_first, []) AS passed,
        length(passed) < judged_stages
            AND arrayExists(e -> bitAnd(e, 31) = 1 AND e > started * 32 + 31 AND e < (started + width + 1) * 32, own) AS again,
        arrayFold(
            (latest, e) -> if(
                if(bitAnd(e, 31) = 1, e < (started + width + 1) * 32,
                    latest[bitAnd(e, 31) - 1] > 0 AND bitShiftRight(e, 5) <= latest[bitAnd(e, 31) - 1] + width),
                arrayConcat(
                    arraySlice(latest, 1, bitAnd(e, 31) - 1),
                    [if(bitAnd(e, 31) = 1, bitShiftRight(e, 5), greatest(latest[bitAnd(e, 31)], latest[bitAnd(e, 31) - 1]))],
                    arraySlice(latest, bitAnd(e, 31) + 1)),
                latest),
            arrayFilter(e -> again AND bitAnd(e, 31) > 0 AND e < (started + 2 * width + 1) * 32, own),
            arrayResize([]::Array(Int64), stages)) AS latest,
        if(again, arrayCount(entered -> entered > 0, latest), length(passed)) AS reached
    FROM (
        SELECT project, workflow, width, stages, bitShiftRight(piece[1], 5) AS started,
            start.2 AS role, start.3 AS release, start.4 AS customer,
            if(run = '', arrayFilter(e -> e >= piece[1], whole), arrayConcat(piece, next)) AS own
        FROM (
            SELECT project, workflow, run, any(width) AS width, any(stages) AS stages,
                arraySort(groupArrayIf((at, role, release, customer), step_number = 1)) AS entries,
                arrayFilter((e, before) ->
                    e.1 >= toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')})
                    AND e.1 < toUnixTimestamp64Milli({end:DateTime64(3, 'UTC')})
                    AND (before = 0 OR if(run = '',
                        toDate(fromUnixTimestamp64Milli(e.1, 'UTC'), {zone:String}) != toDate(fromUnixTimestamp64Milli(before, 'UTC'), {zone:String}),
                        e.1 - before > width)),
                    entries, arrayPopBack(arrayPushFront(entries.1, 0))) AS starts,
                arraySort(arrayConcat(
                    arrayMap(e -> e.1 * 32, starts),
                    groupArrayIf(at * 32 + 1, step_number = 1),
                    groupArrayIf(at * 32 + step_number + 1, is_passed))) AS events,
                arrayFilter(piece -> bitAnd(piece[1], 31) = 0, arraySplit(e -> bitAnd(e, 31) = 0, events)) AS pieces,
                arrayPushBack(arrayPopFront(pieces), []::Array(Int64)) AS nexts,
                if(run = '', events, []) AS whole
            FROM (
                SELECT project, workflow, toUnixTimestamp64Milli(time) AS at, role, release, customer,
                    indexOf({workflows:Array(String)}, workflow) AS w,
                    {widths:Array(Int64)}[w] AS width, {stages:Array(UInt8)}[w] AS stages,
                    indexOf({steps:Array(String)}, concat(workflow, '\n', step)) AS place,
                    place - {offsets:Array(Int64)}[w] AS step_number,
                    has({passed:Array(String)}, concat(workflow, '\n', status)) AS is_passed,
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
            HAVING notEmpty(starts)
        )
        ARRAY JOIN starts AS start, pieces AS piece, nexts AS next
    )
)
ARRAY JOIN [('', ''), ('customer', toString(customer))] AS who
GROUP BY project, day, workflow, axis, name, role, release, due
