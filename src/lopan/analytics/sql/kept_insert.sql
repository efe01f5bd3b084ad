-- A relation as it is now, under a new version.
INSERT INTO <table> (<columns>, version)
SELECT <columns>, <version> AS version FROM (
<rows>
)
WHERE <where>
SETTINGS max_insert_threads = 1, min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 4000000000
