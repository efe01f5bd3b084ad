-- Events of one project (0 = all) in a stretch of time.
SELECT count() AS events FROM events
WHERE ({project:UInt32} = 0 OR project = {project:UInt32}) AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
