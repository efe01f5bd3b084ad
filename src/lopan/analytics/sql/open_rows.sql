-- Days that are not over yet, as last computed.
SELECT <columns> FROM open_<table>
WHERE version IN {versions:Array(UInt64)}
