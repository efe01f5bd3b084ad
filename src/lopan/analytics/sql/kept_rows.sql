-- A relation as it was last computed.
SELECT <columns> FROM kept_<name> WHERE version IN {kept_<name>:Array(UInt64)}
