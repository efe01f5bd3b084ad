-- Who is known to be whom.
SELECT user_id, person, at FROM merges FINAL
