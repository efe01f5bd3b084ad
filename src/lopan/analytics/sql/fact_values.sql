SELECT 'site' AS name, toString(site) AS value, count() AS n FROM {site:Identifier} GROUP BY value
UNION ALL SELECT 'product', toString(product) AS value, count() AS n FROM {work_order:Identifier}
    GROUP BY value ORDER BY n DESC, value LIMIT {most:UInt32}
UNION ALL SELECT 'customer', toString(customer) AS value, count() AS n FROM {order_line:Identifier}
    GROUP BY value ORDER BY n DESC, value LIMIT {most:UInt32}
UNION ALL SELECT 'region', toString(region) AS value, count() AS n FROM {account:Identifier} GROUP BY value
