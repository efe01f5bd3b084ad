-- As retention.sql, but by the clock: was there anything in the 24 hours that begin step x 24 hours after the first
-- event ever? A visit never crosses midnight of UTC, so its first and last moment tell.
SELECT name, step, if({detail:UInt8} = 1, cohort, toDate(0)) AS cohort, count() AS size, countIf(there) AS back
FROM (
    SELECT
        name,
        cohort,
        step,
        began + toIntervalHour(24 * step) AS since,
        since + INTERVAL 24 HOUR AS until,
        step = 0 OR arrayExists(visit -> visit.2 >= since AND visit.1 < until, visits) AS there
    FROM (
        SELECT
            user,
            min(first) AS began,
            toDate(began, {zone:String}) AS cohort,
            groupArray((first, last)) AS visits
        FROM visits
        ARRAY JOIN users AS user, firsts AS first, lasts AS last
        GROUP BY user
    ) AS lives
    INNER JOIN (
        SELECT day, name, groupBitmapMergeState(users) AS part FROM people
        WHERE axis = {axis:String} AND ({name:String} = '' OR name = {name:String})
        GROUP BY day, name
    ) AS parts ON parts.day = lives.cohort
    INNER JOIN (
        SELECT target, step FROM (SELECT 1)
        ARRAY JOIN {cohorts:Array(Date)} AS target, {steps:Array(UInt16)} AS step
    ) AS targets ON targets.target = lives.cohort
    WHERE bitmapContains(part, user)
)
GROUP BY name, step, cohort
ORDER BY name, step, cohort
