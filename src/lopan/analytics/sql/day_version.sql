-- From here on this version of the day counts.
INSERT INTO day_versions (daily, project, day, definition, version, events)
SELECT {daily:String}, {project:UInt32}, {day:Date}, {definition:String}, {version:UInt64}, {events:UInt64}
