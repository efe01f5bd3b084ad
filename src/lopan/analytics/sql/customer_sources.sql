-- Since when each source is known, undone batches included: what was connected once is not forgotten. Days since 1970.
SELECT 'people' AS source, minOrNull(toInt32(day)) AS first FROM people_days WHERE axis = 'customer' AND name != ''
UNION ALL SELECT 'features', minOrNull(toInt32(day)) FROM feature_days WHERE axis = 'customer' AND name != ''
UNION ALL SELECT 'feedback', minOrNull(toInt32(toDate(time, {zone:String}))) FROM events WHERE type = 'feedback' AND customer != ''
UNION ALL SELECT 'answers', minOrNull(toInt32(toDate(at, {zone:String}))) FROM fact_survey_response_versions
    WHERE customer != '' AND scale IN ('csat', 'nps') AND ingested < {known_until:DateTime64(3, 'UTC')}
UNION ALL SELECT 'tickets', minOrNull(toInt32(toDate(at, {zone:String}))) FROM fact_ticket_event_versions
    WHERE customer != '' AND ingested < {known_until:DateTime64(3, 'UTC')}
UNION ALL SELECT 'seats', minOrNull(toInt32(toDate(started, {zone:String}))) FROM fact_contract_versions
    WHERE seats > 0 AND ingested < {known_until:DateTime64(3, 'UTC')}
UNION ALL SELECT 'bought', minOrNull(toInt32(toDate(started, {zone:String}))) FROM fact_contract_versions
    WHERE features != '' AND ingested < {known_until:DateTime64(3, 'UTC')}
UNION ALL SELECT 'tickets now', minOrNull(toInt32(toDate(at, {zone:String}))) FROM {ticket_event:Identifier} WHERE customer != ''
UNION ALL SELECT 'contracts now', minOrNull(toInt32(toDate(started, {zone:String}))) FROM {contract:Identifier}
