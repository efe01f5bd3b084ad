-- Accounts (customers that events name) by feature ('' = those for all) in which somebody entitled is among the people.
-- Somebody counts as in `cells.py`: seen at the account, in a role entitled, and under the filter, within the days.
SELECT feature, countIf(bitmapHasAny(people, if({axis:String} = 'release', bitmapAnd(whole, part), whole))) AS accounts
FROM (
    SELECT
        feature,
        account,
        people,
        groupBitmapMergeStateIf(people, kind = 'whole') OVER mine AS whole,
        groupBitmapMergeStateIf(people, kind = 'part') OVER mine AS part,
        kind
    FROM (
        SELECT owner AS feature, piece.1 AS kind, piece.2 AS account, groupBitmapMergeState(done) AS people
        FROM used
        ARRAY JOIN if(feature = '', arrayConcat([''], {restricted:Array(String)}), [feature])::Array(String) AS owner
        ARRAY JOIN arrayConcat(
            if(axis = 'role' AND ({axis:String} != 'role' OR name = {name:String}) AND (NOT has({for_roles:Array(String)}, owner)
                OR has({entitled_roles:Array(String)}, concat(owner, '\n', name))), [('whole', '')], []),
            if({axis:String} = 'release' AND axis = 'release' AND name = {name:String}, [('part', '')], []),
            if(axis = 'customer' AND name != '' AND ({axis:String} != 'customer' OR name = {name:String})
                AND (NOT has({for_customers:Array(String)}, owner)
                    OR has({entitled_customers:Array(String)}, concat(owner, '\n', name))), [('account', name)], [])
        )::Array(Tuple(String, String)) AS piece
        GROUP BY feature, kind, account
    )
    WINDOW mine AS (PARTITION BY feature)
)
WHERE kind = 'account'
GROUP BY feature
