SELECT
    l.source AS source, l.order AS order, argMin(l.customer, l.line) AS customer, argMin(l.site, l.line) AS site,
    argMin(l.region, l.line) AS region, count() AS lines, max(l.first_promised) AS due,
    if(countIf(l.delivered IS NULL) = 0, max(l.delivered), NULL) AS delivered,
    min(ifNull(l.delivered <= l.first_promised, 0)) AS on_time,
    min(l.delivered IS NOT NULL AND ifNull(l.delivered_quantity, l.ordered) >= l.ordered) AS in_full,
    min(ifNull(l.documents_ok, 1) = 1 AND l.claim != 'documents') AS documents,
    min(ifNull(l.condition_ok, 1) = 1 AND l.claim != 'condition') AS condition,
    max(l.claim IN ('item', 'quantity', 'documents') AND ifNull(l.claimed <= addDays(l.delivered, 30), 1) = 1) = 0 AS accurate
FROM {order_line:Identifier} AS l
WHERE l.cancelled = 0
GROUP BY source, order
