-- What the hits come to, by cluster, or all together under ''.
SELECT if({apart:UInt8} = 1, cluster, '') AS of, count() AS hits, uniqExactIf(person, person > 0) AS people,
    uniqExactIf(session, session != toUUID('00000000-0000-0000-0000-000000000000')) AS sessions,
    groupUniqArrayIf(toString(customer), customer != '') AS customers,
    toString(any(type)) AS type, any(exception) AS exception, any(top) AS top, argMax(message, time) AS message,
    argMax(stack, time) AS stack, toString(argMin(release, time)) AS first_release, toString(argMax(release, time)) AS last_release,
    toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last,
    sumMap([toDate(time, {zone:String})], [toUInt64(1)]).1 AS days,
    sumMap([toDate(time, {zone:String})], [toUInt64(1)]).2 AS counts
FROM hits
GROUP BY of
ORDER BY length(customers) DESC, people DESC, hits DESC, of
LIMIT {most:UInt32}
