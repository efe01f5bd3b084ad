-- Every change of every contract by its begin; times in ms.
SELECT account, concat(source, '\n', contract) AS held, toUnixTimestamp64Milli(started) AS started,
    toUnixTimestamp64Milli(ended) AS ended, renews, toString(change) AS change, seats, mrr, toString(currency) AS currency, features
FROM {contract:Identifier}
WHERE {customer:String} = '' OR account = {customer:String}
ORDER BY account, held, started, ver, key
