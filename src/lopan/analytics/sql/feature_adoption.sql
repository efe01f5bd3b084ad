-- People by feature and cell (a role, or '' = all roles entitled): kind 'use' counts who succeeded and who tried, kind
-- 'people' who was active, under feature '' or under that of a feature that only some are entitled to.
-- 0 = the 28 days that end with {last}, 1 = the last 28 closed ones, 2 = those a week before; w1 ... w4 = the weeks of 0.
WITH
    toDate({last:String}) AS e,
    toDate({closed:String}) AS c
SELECT kind, feature, cell, times,
    bitmapCardinality(n0) AS people, bitmapCardinality(n1) AS people_closed, bitmapCardinality(n2) AS people_before,
    bitmapAndCardinality(n1, n2) AS people_both,
    bitmapCardinality(bitmapOr(early, m4)) AS tried,
    bitmapCardinality(early) AS could_return,
    bitmapCardinality(bitmapOr(bitmapAnd(early, m4), bitmapOr(bitmapAnd(bitmapOr(m1, m2), m3), bitmapAnd(m1, m2)))) AS returned
FROM (
    SELECT kind, feature, cell, part,
        if({scoped:UInt8} = 1, sumIf(times, part = 1) OVER mine * (cell = ''), times) AS times,
        if({scoped:UInt8} = 1, bitmapAnd(d0, groupBitmapMergeStateIf(d0, part = 1) OVER mine), d0) AS s0,
        if({scoped:UInt8} = 1, bitmapAnd(d1, groupBitmapMergeStateIf(d1, part = 1) OVER mine), d1) AS s1,
        if({scoped:UInt8} = 1, bitmapAnd(d2, groupBitmapMergeStateIf(d2, part = 1) OVER mine), d2) AS s2,
        if({scoped:UInt8} = 1, bitmapAnd(w1, groupBitmapMergeStateIf(w1, part = 1) OVER mine), w1) AS v1,
        if({scoped:UInt8} = 1, bitmapAnd(w2, groupBitmapMergeStateIf(w2, part = 1) OVER mine), w2) AS v2,
        if({scoped:UInt8} = 1, bitmapAnd(w3, groupBitmapMergeStateIf(w3, part = 1) OVER mine), w3) AS v3,
        if({scoped:UInt8} = 1, bitmapAnd(w4, groupBitmapMergeStateIf(w4, part = 1) OVER mine), w4) AS v4,
        has({for_customers:Array(String)}, feature) AS chosen,
        if(chosen, bitmapAnd(s0, groupBitmapMergeStateIf(d0, part = 2) OVER mine), s0) AS n0,
        if(chosen, bitmapAnd(s1, groupBitmapMergeStateIf(d1, part = 2) OVER mine), s1) AS n1,
        if(chosen, bitmapAnd(s2, groupBitmapMergeStateIf(d2, part = 2) OVER mine), s2) AS n2,
        if(chosen, bitmapAnd(v1, groupBitmapMergeStateIf(w1, part = 2) OVER mine), v1) AS m1,
        if(chosen, bitmapAnd(v2, groupBitmapMergeStateIf(w2, part = 2) OVER mine), v2) AS m2,
        if(chosen, bitmapAnd(v3, groupBitmapMergeStateIf(w3, part = 2) OVER mine), v3) AS m3,
        if(chosen, bitmapAnd(v4, groupBitmapMergeStateIf(w4, part = 2) OVER mine), v4) AS m4,
        bitmapOr(m1, bitmapOr(m2, m3)) AS early
    FROM (
        -- Part 0 = the union of a cell's roles; with 1 = the filter and 2 = the customers entitled it is cut.
        SELECT kind, owner AS feature, piece.1 AS cell, piece.2 AS part, sum(uses) AS times,
            groupBitmapMergeStateIf(done, bitTest(days, 0)) AS d0,
            groupBitmapMergeStateIf(done, bitTest(days, 1)) AS d1,
            groupBitmapMergeStateIf(done, bitTest(days, 2)) AS d2,
            groupBitmapMergeStateIf(tried, bitTest(days, 3)) AS w1,
            groupBitmapMergeStateIf(tried, bitTest(days, 4)) AS w2,
            groupBitmapMergeStateIf(tried, bitTest(days, 5)) AS w3,
            groupBitmapMergeStateIf(tried, bitTest(days, 6)) AS w4
        FROM (
            SELECT kind, feature, axis, name,
                toUInt8((day > e - 28 AND day <= e) + 2 * (day > c - 28 AND day <= c) + 4 * (day > c - 35 AND day <= c - 7)
                    + 8 * (day > e - 28 AND day <= e - 21) + 16 * (day > e - 21 AND day <= e - 14)
                    + 32 * (day > e - 14 AND day <= e - 7) + 64 * (day > e - 7 AND day <= e)) AS days,
                groupBitmapMergeState(done) AS done, groupBitmapMergeState(tried) AS tried, sumIf(uses, bitTest(days, 0)) AS uses
            FROM (
                SELECT 'use' AS kind, feature::String AS feature, day, axis::String AS axis, name, done, tried, uses FROM @feature_days
                UNION ALL
                SELECT 'people' AS kind, '' AS feature, day, axis::String AS axis, name, users AS done, users AS tried, 0 AS uses FROM @people_days
            )
            WHERE day > c - 35 AND day <= e AND (
                (axis = 'role' AND ({axis:String} != 'role' OR name = {name:String}))
                OR ({scoped:UInt8} = 1 AND axis = {axis:String} AND name = {name:String})
                OR (axis = 'customer' AND has({customers:Array(String)}, name)))
            GROUP BY kind, feature, axis, name, days
        )
        ARRAY JOIN if(kind = 'use', [feature], arrayConcat([''], {restricted:Array(String)})) AS owner
        ARRAY JOIN arrayConcat(
            if(axis = 'role' AND (NOT has({for_roles:Array(String)}, owner) OR has({entitled_roles:Array(String)}, concat(owner, '\n', name))),
                if(name = '', [('', 0)], [('', 0), (name, 0)]), []),
            if({scoped:UInt8} = 1 AND axis = {axis:String} AND name = {name:String}, [('', 1)], []),
            if(axis = 'customer' AND has({entitled_customers:Array(String)}, concat(owner, '\n', name)), [('', 2)], [])
        )::Array(Tuple(String, UInt8)) AS piece
        GROUP BY kind, feature, cell, part
    )
    WINDOW mine AS (PARTITION BY kind, feature)
)
WHERE part = 0
ORDER BY kind, feature, cell
