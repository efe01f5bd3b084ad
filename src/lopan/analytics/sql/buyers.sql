-- Customers who ordered something in the `quiet` milliseconds before the begin, and before the end, of each period.
SELECT p, k, countIf(opened) AS begun, countIf(opened AND closed) AS kept, countIf(closed) AS ended, count() AS n
FROM (
    SELECT p, customer, multiIf({by:String} = '', '', {by:String} = 'customer', customer, {by:String} = 'segment', segment, region) AS k,
        max(at_begin) AS opened, max(at_end) AS closed
    FROM (
        SELECT f.p AS p, f.customer AS customer, f.at_begin AS at_begin, f.at_end AS at_end, a.segment AS segment,
            a.region AS region
        FROM (
            SELECT customer, p, {lasts:Array(Int64)}[p] AS last,
                max(at < {begins:Array(Int64)}[p] AND at >= {begins:Array(Int64)}[p] - {quiet:Int64}) AS at_begin,
                max(at < {ends:Array(Int64)}[p] AND at >= {ends:Array(Int64)}[p] - {quiet:Int64}) AS at_end
            FROM (
                SELECT toString(customer) AS customer, toUnixTimestamp64Milli(assumeNotNull(placed)) AS at
                FROM {order_line:Identifier}
                WHERE isNotNull(placed) AND NOT cancelled AND customer != ''
                    AND ({customer:String} = '' OR customer = {customer:String})
            )
            ARRAY JOIN arrayEnumerate({begins:Array(Int64)}) AS p
            WHERE at < {ends:Array(Int64)}[p] AND at >= {begins:Array(Int64)}[p] - {quiet:Int64}
            GROUP BY customer, p
        ) AS f
        ASOF LEFT JOIN {account_days:Identifier} AS a ON f.customer = a.account AND f.last >= a.d
    )
    WHERE (at_begin OR at_end) AND ({segment:String} = '' OR segment = {segment:String})
        AND ({region:String} = '' OR region = {region:String})
    GROUP BY p, customer, k
)
GROUP BY p, k ORDER BY p, k
