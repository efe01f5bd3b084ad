-- From when on the runs of a row are judged, in s since 1970: 0 = they are; 4294967295 = later than anybody reads the row.
ALTER TABLE workflow_days ADD COLUMN IF NOT EXISTS due UInt32 DEFAULT 0 AFTER release
;
DROP TABLE IF EXISTS open_workflow_days
;
CREATE TABLE IF NOT EXISTS open_workflow_days AS workflow_days ENGINE = Memory
