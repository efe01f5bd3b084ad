-- One row a feature and role ('' = all of the scope): people entitled, who succeeded, who tried, who came back.
-- 0 = the 28 days asked for, 1 = the last 28 closed ones, 2 = those a week before; w1 ... w4 = the four weeks of 0.
WITH
    toDate({last:String}) AS e,
    toDate({closed:String}) AS c,
    active AS (
        SELECT axis, name,
            groupBitmapMergeStateIf(users, day > e - 28 AND day <= e) AS a0,
            groupBitmapMergeStateIf(users, day > c - 28 AND day <= c) AS a1,
            groupBitmapMergeStateIf(users, day > c - 35 AND day <= c - 7) AS a2
        FROM @people_days WHERE day > c - 35 AND day <= e GROUP BY axis, name
    ),
    used AS (
        SELECT feature, axis, name, sumIf(uses, day > e - 28 AND day <= e) AS times,
            groupBitmapMergeStateIf(done, day > e - 28 AND day <= e) AS d0,
            groupBitmapMergeStateIf(done, day > c - 28 AND day <= c) AS d1,
            groupBitmapMergeStateIf(done, day > c - 35 AND day <= c - 7) AS d2,
            groupBitmapMergeStateIf(tried, day > e - 28 AND day <= e - 21) AS w1,
            groupBitmapMergeStateIf(tried, day > e - 21 AND day <= e - 14) AS w2,
            groupBitmapMergeStateIf(tried, day > e - 14 AND day <= e - 7) AS w3,
            groupBitmapMergeStateIf(tried, day > e - 7 AND day <= e) AS w4
        FROM @feature_days WHERE day > c - 35 AND day <= e GROUP BY feature, axis, name
    ),
    by_role AS (
        SELECT splitByChar('\n', pair)[1] AS feature, groupBitmapMergeState(a0) AS r0, groupBitmapMergeState(a1) AS r1,
            groupBitmapMergeState(a2) AS r2
        FROM (SELECT arrayJoin({entitled_roles:Array(String)}) AS pair, splitByChar('\n', pair)[2] AS name) AS wanted
        JOIN (SELECT * FROM active WHERE axis = 'role') AS active ON active.name = wanted.name
        GROUP BY feature
    ),
    by_customer AS (
        SELECT splitByChar('\n', pair)[1] AS feature, groupBitmapMergeState(a0) AS k0, groupBitmapMergeState(a1) AS k1,
            groupBitmapMergeState(a2) AS k2
        FROM (SELECT arrayJoin({entitled_customers:Array(String)}) AS pair, splitByChar('\n', pair)[2] AS name) AS wanted
        JOIN (SELECT * FROM active WHERE axis = 'customer') AS active ON active.name = wanted.name
        GROUP BY feature
    ),
    scope AS (SELECT a0, a1, a2 FROM active WHERE axis = {axis:String} AND name = {name:String}),
    people_of AS (
        SELECT '' AS role, a0, a1, a2 FROM scope
        UNION ALL
        SELECT name AS role, bitmapAnd(r.a0, s.a0) AS a0, bitmapAnd(r.a1, s.a1) AS a1, bitmapAnd(r.a2, s.a2) AS a2
        FROM (SELECT * FROM active WHERE axis = 'role' AND name != '') AS r CROSS JOIN scope AS s
    ),
    used_in AS (SELECT * FROM used WHERE axis = {axis:String} AND name = {name:String}),
    used_by AS (
        SELECT feature, '' AS role, times, d0, d1, d2, w1, w2, w3, w4 FROM used_in
        UNION ALL
        SELECT feature, r.name AS role, r.times AS times, bitmapAnd(r.d0, s.d0) AS d0, bitmapAnd(r.d1, s.d1) AS d1,
            bitmapAnd(r.d2, s.d2) AS d2, bitmapAnd(r.w1, s.w1) AS w1, bitmapAnd(r.w2, s.w2) AS w2,
            bitmapAnd(r.w3, s.w3) AS w3, bitmapAnd(r.w4, s.w4) AS w4
        FROM (SELECT * FROM used WHERE axis = 'role' AND name != '') AS r JOIN used_in AS s ON r.feature = s.feature
    ),
    known AS (SELECT feature FROM used_in UNION DISTINCT SELECT arrayJoin({defined:Array(String)}) AS feature),
    entitled AS (
        SELECT known.feature AS feature, people_of.role AS role,
            has({for_roles:Array(String)}, feature) AS only_roles,
            has({for_customers:Array(String)}, feature) AS only_customers,
            if(only_roles, bitmapAnd(a0, r0), a0) AS x0, if(only_roles, bitmapAnd(a1, r1), a1) AS x1,
            if(only_roles, bitmapAnd(a2, r2), a2) AS x2,
            if(only_customers, bitmapAnd(x0, k0), x0) AS n0, if(only_customers, bitmapAnd(x1, k1), x1) AS n1,
            if(only_customers, bitmapAnd(x2, k2), x2) AS n2
        FROM known CROSS JOIN people_of
        LEFT JOIN by_role ON by_role.feature = known.feature
        LEFT JOIN by_customer ON by_customer.feature = known.feature
    )
SELECT
    entitled.feature AS feature, entitled.role AS role, times,
    bitmapCardinality(n0) AS people, bitmapAndCardinality(n0, d0) AS done,
    bitmapCardinality(n1) AS people_closed, bitmapAndCardinality(n1, d1) AS done_closed,
    bitmapCardinality(n2) AS people_before, bitmapAndCardinality(n2, d2) AS done_before,
    bitmapAndCardinality(n1, n2) AS people_both,
    bitmapAndCardinality(bitmapAnd(n1, d1), bitmapAnd(n2, d2)) AS done_both,
    bitmapAndCardinality(n0, bitmapOr(bitmapOr(w1, w2), bitmapOr(w3, w4))) AS tried,
    bitmapAndCardinality(n0, bitmapOr(w1, bitmapOr(w2, w3))) AS could_return,
    bitmapAndCardinality(n0, bitmapOr(bitmapAnd(bitmapOr(w1, bitmapOr(w2, w3)), w4), bitmapOr(bitmapAnd(bitmapOr(w1, w2), w3), bitmapAnd(w1, w2)))) AS returned
FROM entitled LEFT JOIN used_by ON used_by.feature = entitled.feature AND used_by.role = entitled.role
ORDER BY feature, role
