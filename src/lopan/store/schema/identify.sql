-- The other name of a person, which `identify` events tell.
ALTER TABLE events ADD COLUMN IF NOT EXISTS previous String
