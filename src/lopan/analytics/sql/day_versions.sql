-- What counts of each day.
SELECT daily, project, day, definition, version, events FROM day_versions FINAL
