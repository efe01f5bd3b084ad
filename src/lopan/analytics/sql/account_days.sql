-- Parent, region and segment of each account from each of its days on; days counted from 1970.
SELECT toString(account) AS account, toInt64(valid_from) AS d,
    argMax(toString(parent), (ver, source, key)) AS parent,
    argMax(toString(region), (ver, source, key)) AS region,
    argMax(toString(segment), (ver, source, key)) AS segment
FROM {account:Identifier} GROUP BY account, d
