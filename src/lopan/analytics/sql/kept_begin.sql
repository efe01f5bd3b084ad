-- Nothing is known of what an earlier process left.
TRUNCATE TABLE <table>
