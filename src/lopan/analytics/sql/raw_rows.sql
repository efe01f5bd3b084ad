-- Days that are over and were never computed, or were touched by late events.
SELECT <columns> FROM (
<rows>
)
