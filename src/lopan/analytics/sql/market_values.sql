-- Segments and regions that a market can be narrowed to, at most so many of each; '' = not stated is none of them.
SELECT name, value FROM (
    SELECT DISTINCT 'segment' AS name, toString(segment) AS value FROM {market_account:Identifier}
    UNION DISTINCT SELECT 'segment', toString(segment) FROM {account:Identifier}
    UNION DISTINCT SELECT 'region', toString(region) FROM {market_account:Identifier}
    UNION DISTINCT SELECT 'region', toString(region) FROM {account:Identifier}
)
WHERE value != '' ORDER BY name, value LIMIT {most:UInt32} BY name
