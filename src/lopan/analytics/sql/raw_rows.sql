-- Days that are open or were touched by late events.
SELECT <columns> FROM (
<rows>
)
