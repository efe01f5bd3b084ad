-- The newest version, whether it counts or a crash came before it could.
SELECT max(version) AS version FROM <table>
