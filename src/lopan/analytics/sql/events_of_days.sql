-- How many events each local day has, and how many sessions began on it long before, or after, they were reported.
SELECT project, day, sum(happened) AS events, sum(apart) AS begun
FROM (
    SELECT project, toDate(time, {zone:String}) AS day, 1 AS happened, 0 AS apart FROM events
    UNION ALL
    SELECT project, toDate(started, {zone:String}) AS day, 0 AS happened, 1 AS apart FROM events
    WHERE type = 'session' AND (started < time - INTERVAL 23 HOUR OR started > time)
        AND started > time - INTERVAL 400 DAY AND started < time + INTERVAL 2 DAY
)
GROUP BY project, day
