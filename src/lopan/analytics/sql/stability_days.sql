-- How sessions ended, by the local day on which they began. A session is told by its id from all reports within a day of
-- the one it began on; each merges by maximum or minimum, so that their order changes nothing.
SELECT
    project,
    toDate(began, {zone:String}) AS day,
    grain,
    if(grain = 86400, toDateTime(min(began), 'UTC'), slot) AS at,
    release,
    device,
    os,
    if(grain = 1, role, '') AS role,
    if(grain = 1, customer, '') AS customer,
    sum(number) AS n,
    sumIf(number, worst = 3) AS crashed,
    sumIf(number, worst = 2) AS abnormal,
    sum(failures) AS errors,
    sum(longest * number) AS duration_s,
    sum(longest) AS value,
    sum(longest * longest * number) AS squares
FROM (
    SELECT
        project,
        min(started) AS began,
        max(count) AS number,
        max(status) AS worst,
        max(errors) AS failures,
        max(duration_s) AS longest,
        max(release) AS release,
        max(device) AS device,
        max(os) AS os,
        max(role) AS role,
        max(customer) AS customer
    FROM sessions
    WHERE hour >= {since:DateTime64(3, 'UTC')} AND hour < {until:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR
        AND ({project:UInt32} = 0 OR project = {project:UInt32})
        AND ({slices:UInt32} = 1 OR sipHash64(session) % {slices:UInt32} = {slice:UInt32})
    GROUP BY project, session
    HAVING began >= {start:DateTime64(3, 'UTC')} AND began < {end:DateTime64(3, 'UTC')}
)
ARRAY JOIN [1, 1800, 86400]::Array(UInt32) AS grain
GROUP BY
    project,
    day,
    grain,
    multiIf(
        grain = 1, toDateTime(began, 'UTC'),
        grain = 1800, toStartOfInterval(toDateTime(began, 'UTC'), INTERVAL 30 MINUTE),
        toDateTime(0, 'UTC')
    ) AS slot,
    release,
    device,
    os,
    role,
    customer
