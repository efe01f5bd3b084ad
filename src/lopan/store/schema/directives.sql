-- What became of a directive; rare, so plain text as in rare.sql.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS directive String,
    ADD COLUMN IF NOT EXISTS outcome String
