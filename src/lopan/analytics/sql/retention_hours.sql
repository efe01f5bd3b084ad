-- As retention.sql, by the clock: whether people were active from {step} x 24 h to ({step} + 1) x 24 h after the first
-- event of their first day. Days don't know the time, so that this reads the raw events of all days concerned.
WITH days AS (
    SELECT
        day, groupBitmapMergeState(users) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM (
        SELECT greatest(day, {origin:Date}) AS day, groupBitmapMergeState(users) AS users
        FROM (
            SELECT day, users FROM people WHERE axis = ''
            UNION ALL
            SELECT {origin:Date} + number AS day, bitmapBuild(CAST([], 'Array(UInt32)')) AS users
            FROM numbers({days:UInt32})
        )
        GROUP BY day
    )
),
born AS (
    SELECT parts.day AS cohort, name, arrayJoin(bitmapToArray(bitmapAndnot(part, before))) AS person
    FROM (
        SELECT day, name, groupBitmapMergeState(users) AS part FROM people
        WHERE axis = {axis:String} AND ({name:String} = '' OR name = {name:String}) AND day > {origin:Date}
        GROUP BY day, name
    ) AS parts
    INNER JOIN days ON days.day = parts.day
),
moments AS (
    SELECT dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id) AS person, time
    FROM events
    WHERE time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')}
        AND ({project:UInt32} = 0 OR project = {project:UInt32})
        AND type NOT IN ('crash', 'optimizer', 'memory', 'network', 'security') AND user_id > 0
),
backs AS (
    SELECT person, groupUniqArray(intDiv(toUnixTimestamp64Milli(time) - toUnixTimestamp64Milli(first), 86400000)) AS whens
    FROM moments
    INNER JOIN (
        SELECT person, min(time) AS first FROM moments WHERE person IN (SELECT person FROM born) GROUP BY person
    ) AS firsts USING (person)
    GROUP BY person
)
SELECT
    name,
    step,
    if({detail:UInt8} = 1, born.cohort, toDate(0)) AS cohort,
    uniqExact(person) AS size,
    uniqExactIf(person, has(whens, step)) AS back
FROM born
INNER JOIN backs USING (person)
INNER JOIN (
    SELECT cohort, step
    FROM (SELECT 1)
    ARRAY JOIN {cohorts:Array(Date)} AS cohort, {steps:Array(UInt16)} AS step
) AS targets ON targets.cohort = born.cohort
GROUP BY name, step, cohort
ORDER BY name, step, cohort
