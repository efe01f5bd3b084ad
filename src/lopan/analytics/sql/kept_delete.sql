-- Versions that nobody reads any more.
ALTER TABLE <table> DELETE WHERE version IN {versions:Array(UInt64)} SETTINGS mutations_sync = 1
