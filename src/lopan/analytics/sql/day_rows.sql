-- Days that are as they should be, and those that are not over yet as last computed; a version stands in one table only.
SELECT <columns> FROM <table>
WHERE version IN {versions:Array(UInt64)} AND ({project:UInt32} = 0 OR project = {project:UInt32})
UNION ALL
SELECT <columns> FROM open_<table>
WHERE version IN {versions:Array(UInt64)}
