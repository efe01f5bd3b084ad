-- The parent companies behind one cell of the market as of one day: those of one `side`, the largest first, a page of them.
-- What a customer is called and who looks after it is as its account says on that day. `total` is how many there are.
SELECT entity, companies, accounts, names, owners, segments, regions, reach, won, value, valued, arr, missing, count() OVER () AS total
FROM (
    SELECT m.entity AS entity, arraySort(groupUniqArrayIf(20)(m.company, m.company != '')) AS companies,
        arraySort(groupUniqArrayIf(20)(m.account, m.account != '')) AS accounts,
        arraySort(groupUniqArrayIf(20)(a.name, a.name != '')) AS names,
        arraySort(groupUniqArrayIf(20)(a.owner, a.owner != '')) AS owners,
        arraySort(groupUniqArrayIf(20)(m.segment, m.segment != '')) AS segments,
        arraySort(groupUniqArrayIf(20)(m.region, m.region != '')) AS regions,
        max(m.reach) AS reach, max(m.won) = 1 AS won, toFloat64(sum(m.value)) AS value, min(m.valued) = 1 AS valued,
        toFloat64(sum(m.arr)) AS arr, sum(m.missing) AS missing
    FROM {market_rows:Identifier} AS m
    LEFT JOIN (
        SELECT toString(n.account) AS account, argMax(toString(n.name), (valid_from, ver, source, key)) AS name,
            argMax(toString(n.owner), (valid_from, ver, source, key)) AS owner
        FROM {account:Identifier} AS n WHERE toInt64(valid_from) <= {lasts:Array(Int64)}[1] GROUP BY account
    ) AS a ON m.account = a.account
    GROUP BY entity
)
WHERE multiIf(
    {side:String} = 'won', won,
    {side:String} = 'open', NOT won AND reach >= 2,
    {side:String} = 'outside', won AND reach = 0,
    {side:String} = 'beyond', won AND reach = 1,
    {side:String} = 'other', NOT won AND reach = 1,
    {side:String} = 'unvalued', NOT valued AND reach >= 2,
    {side:String} = 'over', won AND valued AND value > 0 AND arr > value,
    {side:String} = 'unpriced', missing > 0,
    won OR reach >= 2)
ORDER BY if({side:String} = 'won', arr, greatest(value, arr)) DESC, entity
LIMIT {most:UInt32} OFFSET {skip:UInt32}
