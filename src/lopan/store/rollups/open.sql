-- Days that are not over yet, computed from raw events for those who read just now and gone with the process: a twin of
-- each daily table. Versions are those of the daily tables' numbers, so one list of them says what counts in both.
CREATE TABLE IF NOT EXISTS open_people_days AS people_days ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_visit_days AS visit_days ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_session_days AS session_days ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_feature_days AS feature_days ENGINE = Memory
;
CREATE TABLE IF NOT EXISTS open_workflow_days AS workflow_days ENGINE = Memory
