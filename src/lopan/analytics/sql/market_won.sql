-- Where each account with a contract belongs: to the company that names it, else to that which names another account of the
-- same parent, else to itself, which is not on the list.
SELECT p, account, arr, missing,
    multiIf(company != '', place.1, kin.1 != '', kin.1, root) AS entity,
    multiIf(company != '', place.2, kin.1 != '', kin.2, own_segment) AS segment,
    multiIf(company != '', place.3, kin.1 != '', kin.3, own_region) AS region
FROM (
    SELECT w.p AS p, w.account AS account, w.root AS root, w.segment AS own_segment, w.region AS own_region, w.arr AS arr,
        w.missing AS missing, n.company AS company, n.place AS place,
        argMinIf(n.place, n.company, n.company != '') OVER (PARTITION BY w.p, w.root) AS kin
    FROM {market_accounts:Identifier} AS w
    LEFT JOIN (
        SELECT p, customer, min(l.company) AS company, argMin((l.entity, l.segment, l.region), l.company) AS place
        FROM {market_listed:Identifier} AS l WHERE customer != '' GROUP BY p, customer
    ) AS n ON w.p = n.p AND w.account = n.customer
)
