-- What every account had from its contracts, by begin; times in ms, `over` and `ends` far away where there is no end.
SELECT account, begun, over, until, waiting, seats, mrr, currency, features, renews, ends
FROM {contract_spans:Identifier}
WHERE {customer:String} = '' OR account = {customer:String}
ORDER BY account, begun, over, mrr, currency
