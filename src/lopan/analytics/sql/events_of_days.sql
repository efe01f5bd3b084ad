-- How many events each local day has; a session that began long before its report, or after it, is one of that day too.
SELECT project, day, count() AS events
FROM (
    SELECT project, toDate(time, {zone:String}) AS day FROM events
    UNION ALL
    SELECT project, toDate(started, {zone:String}) AS day FROM events
    WHERE type = 'session' AND (started < time - INTERVAL 23 HOUR OR started > time)
)
GROUP BY project, day
