-- Events of one project in a stretch of time.
SELECT count() AS events FROM events
WHERE project = {project:UInt32} AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
