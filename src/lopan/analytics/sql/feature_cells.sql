-- Bitmaps of the windows by feature and cell (a role, or '' = all roles entitled). Part 0 = the union of a cell's roles;
-- part 1 = the filter and part 2 = the customers entitled, by which it is to be cut.
-- d0 = the 28 days that end with {last}, d1 = the last 28 closed ones, d2 = those a week before; w1 ... w4 = weeks of d0:
-- bits of {windows}, one number a day back from {last}. As one look-up it is planned twice as fast as spelt out.
-- People without a feature ('') stand for every feature that is for all, and for each that is not under its own name.
SELECT owner AS feature, piece.1 AS cell, piece.2 AS part, sumIf(uses, bitTest(days, 0)) AS times,
    groupBitmapMergeStateIf(done, bitTest(days, 0)) AS d0,
    groupBitmapMergeStateIf(done, bitTest(days, 1)) AS d1,
    groupBitmapMergeStateIf(done, bitTest(days, 2)) AS d2,
    groupBitmapMergeStateIf(tried, bitTest(days, 3)) AS w1,
    groupBitmapMergeStateIf(tried, bitTest(days, 4)) AS w2,
    groupBitmapMergeStateIf(tried, bitTest(days, 5)) AS w3,
    groupBitmapMergeStateIf(tried, bitTest(days, 6)) AS w4
FROM (
    SELECT feature, axis, name, {windows:Array(UInt8)}[{last:Date} - day + 1] AS days,
        groupBitmapMergeState(done) AS done, groupBitmapMergeState(tried) AS tried, sum(uses) AS uses
    FROM used
    WHERE (axis = 'role' AND ({axis:String} != 'role' OR name = {name:String}))
        OR ({axis:String} IN ('release', 'customer') AND axis = {axis:String} AND name = {name:String})
        OR (axis = 'customer' AND has({customers:Array(String)}, name))
    GROUP BY feature, axis, name, days
)
ARRAY JOIN if(feature = '', arrayConcat([''], {restricted:Array(String)}), [feature])::Array(String) AS owner
ARRAY JOIN arrayConcat(
    if(axis = 'role' AND (NOT has({for_roles:Array(String)}, owner)
            OR has({entitled_roles:Array(String)}, concat(owner, '\n', name))),
        if(name = '', [('', 0)], [('', 0), (name, 0)]), []),
    if({axis:String} IN ('release', 'customer') AND axis = {axis:String} AND name = {name:String}, [('', 1)], []),
    if(axis = 'customer' AND has({entitled_customers:Array(String)}, concat(owner, '\n', name)), [('', 2)], [])
)::Array(Tuple(String, UInt8)) AS piece
GROUP BY feature, cell, part
