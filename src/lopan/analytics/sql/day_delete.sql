-- Versions that nobody reads any more.
DELETE FROM <table> WHERE version IN {versions:Array(UInt64)}
