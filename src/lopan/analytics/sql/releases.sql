-- The newest {most} releases that once made up {share} of their project's events of a day (UTC): `first` is the half
-- hour of the very first event, `part` the largest such share.
SELECT project, release, min(began) AS first, max(n / whole) AS part
FROM (
    SELECT project, release, began, n, sum(n) OVER (PARTITION BY project, day) AS whole
    FROM (
        SELECT project, release, toDate(bucket) AS day, min(bucket) AS began, sum(n) AS n
        FROM measures
        GROUP BY project, release, day
    )
)
WHERE release != ''
GROUP BY project, release
HAVING part >= {share:Float64}
ORDER BY first DESC, project, release
LIMIT {most:UInt32}
