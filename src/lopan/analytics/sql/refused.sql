-- Rows of a batch that were not taken, in the order of their source.
SELECT row, field, reason, raw FROM fact_refused FINAL WHERE batch = {batch:UUID} ORDER BY row, field LIMIT {most:UInt32}
