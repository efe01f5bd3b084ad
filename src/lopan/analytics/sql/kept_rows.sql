-- A relation as it was last computed.
SELECT <columns> FROM <table> WHERE version IN {<table>:Array(UInt64)}
