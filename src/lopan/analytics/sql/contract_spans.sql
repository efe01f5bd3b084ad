-- What each contract gave and paid from when until when, in milliseconds: the one reading of contracts. A contract is a
-- number within its source and account. A row holds until its end or the contract's next row, a row of churn pays
-- nothing. A gap of at most `grace` before the account's next row is none (`until` reaches over it); an end younger than
-- that is `waiting`: the account counts as there until the time for a renewal has passed.
SELECT account, mrr, currency, begun, over, until,
    NOT covered AND following = 0 AND NOT quit AND over + {grace:Int64} > {now:Int64} AND over <= {now:Int64} AS waiting,
    seats, features, renews, ends
FROM (
    SELECT account, one.1 AS mrr, one.2 AS currency, one.3 AS quit, one.4 AS seats, one.5 AS features, one.6 AS renews,
        one.7 AS ends, span.1 AS begun, span.2 AS over,
        arrayExists(x -> x.1 <= over AND x.2 > over, spans) AS covered,
        arrayMin(arrayFilter(x -> x > over, arrayMap(x -> x.1, spans))) AS following,
        multiIf(
            covered, over,
            following > 0 AND following <= over + {grace:Int64}, following,
            following = 0 AND NOT quit AND over + {grace:Int64} > {now:Int64}, over + {grace:Int64},
            over) AS until
    FROM (
        SELECT account, groupArray((begun, over)) AS spans,
            groupArray((mrr, currency, quit, seats, features, renews, ends)) AS rows
        FROM (
            SELECT account, mrr, currency, seats, features, renews, begun, least(ended, next) AS over,
                next <= ended AND next_change = 'churn' AS quit, if(next_change = 'churn', least(ended, next), ended) AS ends
            FROM (
                SELECT toString(account) AS account, mrr, toString(currency) AS currency, toString(change) AS change,
                    seats, toString(features) AS features, renews, toUnixTimestamp64Milli(started) AS begun,
                    ifNull(toUnixTimestamp64Milli(ended), toInt64(4102444800000)) AS ended,
                    leadInFrame(begun, 1, toInt64(4102444800000)) OVER held AS next,
                    leadInFrame(change, 1, '') OVER held AS next_change
                FROM {contract:Identifier}
                WINDOW held AS (
                    PARTITION BY account, source, contract ORDER BY started, ver, key
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
            )
            WHERE change != 'churn' AND over > begun
        )
        GROUP BY account
    )
    ARRAY JOIN spans AS span, rows AS one
)
