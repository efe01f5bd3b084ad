-- Where each account with a contract belongs: to the company that names it, else to that which names another account of the
-- same parent, else to itself, which is not on the list.
SELECT w.p AS p, w.account AS account, w.arr AS arr, w.missing AS missing,
    multiIf(n.entity != '', n.entity, s.entity != '', s.entity, w.root) AS entity,
    multiIf(n.entity != '', n.segment, s.entity != '', s.segment, w.segment) AS segment,
    multiIf(n.entity != '', n.region, s.entity != '', s.region, w.region) AS region
FROM {market_accounts:Identifier} AS w
LEFT JOIN (
    SELECT p, customer, place.1 AS entity, place.2 AS segment, place.3 AS region
    FROM (
        SELECT p, customer, argMin((entity, segment, region), company) AS place
        FROM {market_listed:Identifier} WHERE customer != '' GROUP BY p, customer
    )
) AS n ON w.p = n.p AND w.account = n.customer
LEFT JOIN (
    SELECT p, root, place.1 AS entity, place.2 AS segment, place.3 AS region
    FROM (
        SELECT a.p AS p, a.root AS root, argMin((l.entity, l.segment, l.region), l.company) AS place
        FROM {market_accounts:Identifier} AS a
        INNER JOIN {market_listed:Identifier} AS l ON a.p = l.p AND a.account = l.customer
        GROUP BY p, root
    )
) AS s ON w.p = s.p AND w.root = s.root
