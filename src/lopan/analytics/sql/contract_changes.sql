-- Every change of the contracts of one account as it was told, by its begin; times in ms.
SELECT toString(change) AS change, toUnixTimestamp64Milli(started) AS started, toUnixTimestamp64Milli(ended) AS ended, seats
FROM {contract:Identifier}
WHERE account = {customer:String}
ORDER BY started, source, contract, ver, key
