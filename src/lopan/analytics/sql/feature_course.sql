-- People of the 28 days that end with each day after {origin} + 26, by feature ('' = those for all), as `cells.py` has them.
-- `whole` = in the roles entitled, `part` = under the filter, `at` = at the customers entitled; days without anybody are there.
SELECT
    feature,
    day,
    bitmapCardinality(bitmapAnd(
        if({axis:String} IN ('release', 'customer'), bitmapAnd(month, part_month), month),
        if(has({for_customers:Array(String)}, feature), at_month, month))) AS people
FROM (
    SELECT
        feature,
        day,
        groupBitmapMergeState(whole) OVER trailing AS month,
        groupBitmapMergeState(part) OVER trailing AS part_month,
        groupBitmapMergeState(at) OVER trailing AS at_month
    FROM (
        SELECT
            owner AS feature,
            day,
            groupBitmapMergeStateIf(done, axis = 'role' AND ({axis:String} != 'role' OR name = {name:String})
                AND (NOT has({for_roles:Array(String)}, owner)
                    OR has({entitled_roles:Array(String)}, concat(owner, '\n', name)))) AS whole,
            groupBitmapMergeStateIf(done, {axis:String} IN ('release', 'customer') AND axis = {axis:String}
                AND name = {name:String}) AS part,
            groupBitmapMergeStateIf(done, axis = 'customer'
                AND has({entitled_customers:Array(String)}, concat(owner, '\n', name))) AS at
        FROM (
            SELECT feature, day, axis, name, done FROM used WHERE axis != ''
            UNION ALL
            SELECT arrayJoin({wanted:Array(String)}) AS feature, {origin:Date} + number AS day, '' AS axis, '' AS name,
                bitmapBuild(CAST([], 'Array(UInt32)')) AS done
            FROM numbers({days:UInt32})
        )
        ARRAY JOIN if(feature = '' AND axis != '', arrayConcat([''], {restricted:Array(String)}), [feature])::Array(String) AS owner
        WHERE has({wanted:Array(String)}, owner)
        GROUP BY owner, day
    )
    WINDOW trailing AS (PARTITION BY feature ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW)
)
WHERE day >= {origin:Date} + 27
ORDER BY feature, day
