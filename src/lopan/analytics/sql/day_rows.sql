-- Days that are as they should be.
SELECT <columns> FROM <table>
WHERE version IN {versions:Array(UInt64)} AND ({project:UInt32} = 0 OR project = {project:UInt32})
