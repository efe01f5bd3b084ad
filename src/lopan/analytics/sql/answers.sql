-- One row an answer that counts: of one person the first, and then none for 90 days, by survey and ('') over all surveys
-- of a scale. An answer off its scale is none. Nearly everybody's answers lie within 90 days: theirs take no fold.
SELECT name AS survey, scale, taken.1 AS at, taken.2 AS score, taken.4 AS role, taken.5 AS release, taken.6 AS customer
FROM (
    SELECT name, scale, arrayFilter(e -> name = '' OR e.3 = name, sorted) AS given,
        if(given[-1].1 < given[1].1 + 7776000000, arraySlice(given, 1, 1),
            arrayFold((kept, e) -> if(empty(kept) OR e.1 >= kept[-1].1 + 7776000000, arrayPushBack(kept, e), kept),
                given, []::Array(Tuple(Int64, Float64, String, String, String, String)))) AS counted
    FROM (
        SELECT toString(answered.scale) AS scale, arraySort(groupArray((at, score,
            toString(survey), toString(role), toString(release), toString(customer)))) AS sorted
        FROM answered
        WHERE ({only:String} = '' OR scale = {only:String})
            AND ((scale IN ('csat', 'rating') AND score BETWEEN 1 AND 5) OR (scale = 'nps' AND score BETWEEN 0 AND 10))
        GROUP BY scale, person, anonymous
    )
    ARRAY JOIN arrayDistinct(arrayPushFront(sorted.3, '')) AS name
)
ARRAY JOIN counted AS taken
