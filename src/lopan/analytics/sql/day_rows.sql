-- Days that are as they should be; a version stands in one table only.
SELECT <columns> FROM <table>
WHERE day BETWEEN {<table>_first:Date} AND {<table>_last:Date}
    AND version IN {versions:Array(UInt64)} AND ({project:UInt32} = 0 OR project = {project:UInt32})
