-- What is known of some people: when they came, how often they were there, and what they said they are, last of all.
SELECT
    person,
    minIf(day, axis = '') AS first,
    maxIf(day, axis = '') AS last,
    uniqExactIf(day, axis = '') AS days,
    argMaxIf(name, day, axis = 'role' AND name != '') AS role,
    argMaxIf(name, day, axis = 'release' AND name != '') AS release,
    argMaxIf(name, day, axis = 'customer' AND name != '') AS customer
FROM (
    SELECT day, axis, name, arrayJoin(bitmapToArray(bitmapAnd(users, bitmapBuild({people:Array(UInt32)})))) AS person
    FROM people
)
GROUP BY person
ORDER BY person
