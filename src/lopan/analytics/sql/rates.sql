-- Exchange rates into and out of the reporting currency, by day.
SELECT day, toString(currency) AS currency, toString(into) AS into, rate FROM {fx_rate:Identifier}
WHERE currency = {reporting:String} OR into = {reporting:String}
ORDER BY day, ver
