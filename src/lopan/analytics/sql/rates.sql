-- What one unit of each currency is worth in the reporting one, from each day on until the next.
SELECT currency, toDate32(toInt32(d)) AS day, rate FROM {rates:Identifier} WHERE into = {currency:String}
ORDER BY currency, d
