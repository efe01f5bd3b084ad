-- Days that are not over yet, the first of them as {version}, each later one as the next number.
INSERT INTO open_<table> (<columns>, version)
SELECT <columns>, {version:UInt64} + (day - {day:Date}) AS version FROM (
<rows>
)
SETTINGS max_threads = <threads>
