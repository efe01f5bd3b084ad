-- Events of one project (0 = all) in a stretch of time, counted as in `events_of_days`.
SELECT
    countIf(time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}) + (
        SELECT count() FROM events
        WHERE type = 'session' AND started >= {start:DateTime64(3, 'UTC')} AND started < {end:DateTime64(3, 'UTC')}
            AND (started < time - INTERVAL 23 HOUR OR started > time) AND ({project:UInt32} = 0 OR project = {project:UInt32})
    ) AS events
FROM events
WHERE ({project:UInt32} = 0 OR project = {project:UInt32}) AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
