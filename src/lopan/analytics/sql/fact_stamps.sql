-- What changes with every block that is inserted into the tables, and with every deletion, and not when parts are merged.
SELECT table, max(max_block_number) AS block, max(data_version) AS version
FROM system.parts
WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)}
GROUP BY table
ORDER BY table
