-- What a market is made of as of each day: companies of the list, and accounts that were won where they belong. `segments` and
-- `regions` narrow it, empty = all; '' = what is not stated. `valued`: its value is known in the reporting currency.
SELECT p, entity, company, account, segment, region, reach, won, value, arr, valued, missing, since
FROM (
    SELECT p, entity, company, customer AS account, segment, region, reach, won,
        if(isNull(worth), toDecimal128(0, 6), assumeNotNull(worth)) AS value, toDecimal128(0, 6) AS arr,
        isNotNull(worth) AS valued, toUInt64(has_value AND isNull(worth)) AS missing, since
    FROM {market_listed:Identifier}
    UNION ALL
    SELECT p, entity, '', account, segment, region, 0, 1, toDecimal128(0, 6), arr, 1, missing, toInt64(0)
    FROM {market_won:Identifier}
)
WHERE (empty({segments:Array(String)}) OR has({segments:Array(String)}, segment))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, region))
