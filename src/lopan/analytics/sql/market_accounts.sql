-- Accounts with a contract at the end of each day, and what they pay a year; `root` is the company that counts.
SELECT p, account, any(root) AS root, any(segment) AS segment, any(region) AS region,
    sum(ifNull(worth, toDecimal128(0, 6))) AS arr, countIf(isNull(worth)) AS missing
FROM (
    SELECT f.p AS p, f.account AS account, f.root AS root, f.segment AS segment, f.region AS region,
        toDecimal128(12 * toFloat64(f.mrr) * if(f.currency IN ('', {currency:String}), 1, nullIf(r.rate, 0)), 6) AS worth
    FROM (
        SELECT c.p AS p, c.account AS account, c.mrr AS mrr, c.currency AS currency, c.last AS last,
            if(a.parent = '', c.account, a.parent) AS root, a.segment AS segment, a.region AS region
        FROM (
            SELECT p, account, mrr, currency, {lasts:Array(Int64)}[p] AS last FROM {contract_spans:Identifier}
            ARRAY JOIN arrayEnumerate({lasts:Array(Int64)}) AS p
            WHERE begun < {ends:Array(Int64)}[p] AND until >= {ends:Array(Int64)}[p]
        ) AS c
        ASOF LEFT JOIN {account_days:Identifier} AS a ON c.account = a.account AND c.last >= a.d
    ) AS f
    ASOF LEFT JOIN (SELECT currency, d, rate FROM {rates:Identifier} WHERE into = {currency:String}) AS r
        ON f.currency = r.currency AND f.last >= r.d
)
GROUP BY p, account
