-- What is computed for each question: shifts that began at {open_from} or later.
SELECT <columns> FROM (
<rows>
)
WHERE started >= {open_from:DateTime64(3, 'UTC')}
