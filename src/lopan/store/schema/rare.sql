-- What one type of event alone fills is empty in most rows: as plain text that costs next to nothing to write and to
-- merge, where a dictionary is built for every part.
ALTER TABLE events
    MODIFY COLUMN exception String,
    MODIFY COLUMN signal String,
    MODIFY COLUMN level String,
    MODIFY COLUMN status String,
    MODIFY COLUMN workflow String,
    MODIFY COLUMN step String,
    MODIFY COLUMN survey String,
    MODIFY COLUMN scale String,
    MODIFY COLUMN category String,
    MODIFY COLUMN severity String,
    MODIFY COLUMN component String,
    MODIFY COLUMN state String,
    MODIFY COLUMN metric String
