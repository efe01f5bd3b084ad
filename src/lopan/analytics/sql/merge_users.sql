-- Users who are one person from here on.
INSERT INTO merges (user_id, person, at)
SELECT user_id, person, {at:UInt64} FROM (SELECT 1)
ARRAY JOIN {users:Array(UInt32)} AS user_id, {persons:Array(UInt32)} AS person
