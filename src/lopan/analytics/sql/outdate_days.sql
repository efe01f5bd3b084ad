-- These days still count, but were computed of no event: after a crash they are dirty.
INSERT INTO day_versions (daily, project, day, definition, version, events)
SELECT daily, project, day, definition, version, 0 FROM day_versions FINAL
WHERE (project, day) IN (
    SELECT project, day FROM (SELECT 1)
    ARRAY JOIN {projects:Array(UInt32)} AS project, {days:Array(Date)} AS day
)
