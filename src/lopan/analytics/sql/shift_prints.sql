-- A print of all that the states of work units say of each day of UTC (counted from 1970) that they touch, as of {now};
-- `waits`: one of them goes on and has pieces, which are shared by time, so that time alone changes what the day has.
SELECT arrayJoin(range(toUInt32(intDiv(began, 86400000)), toUInt32(intDiv(greatest(finished, began), 86400000)) + 1)) AS day,
    sum(print) AS print, max(goes_on AND pieces) AS waits
FROM (
    SELECT cityHash64(source, key, ver, work_unit, site, started, ifNull(ended, started - toIntervalMillisecond(1)), state, good,
            scrap, ifNull(ideal_cycle_s, -1)) AS print,
        toUnixTimestamp64Milli(started) AS began, good != 0 OR scrap != 0 AS pieces,
        ifNull(ended, {now:DateTime64(3, 'UTC')}) >= {now:DateTime64(3, 'UTC')} AS goes_on,
        toUnixTimestamp64Milli(least(ifNull(ended, {now:DateTime64(3, 'UTC')}), {now:DateTime64(3, 'UTC')})) AS finished
    FROM {work_unit_state:Identifier}
    WHERE started < {now:DateTime64(3, 'UTC')}
)
GROUP BY day
