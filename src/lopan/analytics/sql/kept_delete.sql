-- Versions that nobody reads any more.
DELETE FROM kept_<name> WHERE version IN {versions:Array(UInt64)}
