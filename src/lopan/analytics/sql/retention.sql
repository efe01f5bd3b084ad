-- For every value of an axis and step: how many people there are in its cohorts (by their first day ever), and how many
-- of them were active at the anchor: on that day ('day'), in the 7 days that end with it ('week'), or from it on ('since').
WITH days AS (
    SELECT
        day,
        users,
        groupBitmapMergeState(users) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
        groupBitmapMergeState(users) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week,
        groupBitmapMergeState(users) OVER (ORDER BY day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS since
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
)
SELECT name, step, toDate(0) AS cohort, sum(size) AS size, sum(back) AS back
FROM (
    SELECT
        name,
        step,
        bitmapCardinality(born) AS size,
        bitmapAndCardinality(born, multiIf(kind = 'day', users, kind = 'week', week, since)) AS back
    FROM (
        SELECT parts.day AS cohort, name, bitmapAndnot(part, before) AS born
        FROM (
            SELECT day, name, groupBitmapMergeState(users) AS part FROM people
            WHERE axis = {axis:String} AND day > {origin:Date}
            GROUP BY day, name
        ) AS parts
        INNER JOIN (SELECT day, before FROM days) AS days ON days.day = parts.day
    ) AS cohorts
    INNER JOIN (
        SELECT cohort, step, anchor, kind
        FROM (SELECT 1)
        ARRAY JOIN
            {cohorts:Array(Date)} AS cohort,
            {steps:Array(UInt16)} AS step,
            {anchors:Array(Date)} AS anchor,
            {kinds:Array(String)} AS kind
    ) AS targets ON targets.cohort = cohorts.cohort
    INNER JOIN (SELECT day, users, week, since FROM days) AS actives ON actives.day = targets.anchor
)
GROUP BY name, step
ORDER BY name, step
