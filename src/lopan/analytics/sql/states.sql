SELECT work_unit, site, toUnixTimestamp64Milli(s.started) AS began,
    toUnixTimestamp64Milli(least(ifNull(s.ended, {now:DateTime64(3, 'UTC')}), {now:DateTime64(3, 'UTC')})) AS finished,
    transform(toString(state), ['down', 'planned_down', 'delay', 'setup', 'production', 'idle'], [1, 2, 3, 4, 5, 6], 6) AS rank,
    good, scrap, ideal_cycle_s, reason
FROM {work_unit_state:Identifier} AS s
WHERE s.started < {end:DateTime64(3, 'UTC')} + toIntervalDay(1)
    AND ifNull(s.ended, {now:DateTime64(3, 'UTC')}) >= {start:DateTime64(3, 'UTC')} AND s.started < {now:DateTime64(3, 'UTC')}
