-- Sessions of one project (0 = all) that began in a stretch of time long before, or after, they were reported.
SELECT count() AS events FROM events
WHERE type = 'session' AND ({project:UInt32} = 0 OR project = {project:UInt32})
    AND started >= {start:DateTime64(3, 'UTC')} AND started < {end:DateTime64(3, 'UTC')}
    AND (started < time - INTERVAL 23 HOUR OR started > time)
    AND started > time - INTERVAL 400 DAY AND started < time + INTERVAL 2 DAY
