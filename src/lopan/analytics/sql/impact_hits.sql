-- Events that hit somebody: {what} says which. A person is a user, or an installation where no user was named.
SELECT time, session, release, customer, message, type, exception, stack,
    multiIf(user_id > 0, toUInt64(dictGetOrDefault('persons', 'person', toUInt64(user_id), user_id)),
        install_id > 0, install_id + 4294967296, 0) AS person,
    substringIndex(stack, '\n', 1) AS top,
    lower(hex(sipHash64(type, exception, substringIndex(stack, '\n', 1)))) AS cluster
FROM events
WHERE type IN {types:Array(String)} AND time >= {start:DateTime64(3, 'UTC')} AND time < {end:DateTime64(3, 'UTC')}
    AND ({project:UInt32} = 0 OR project = {project:UInt32}) AND ({release:String} = '' OR release = {release:String})
    AND ({device:String} = '' OR device = {device:String}) AND ({role:String} = '' OR role = {role:String})
    AND ({customer:String} = '' OR customer = {customer:String})
    AND ({cluster:String} = '' OR lower(hex(sipHash64(type, exception, substringIndex(stack, '\n', 1)))) = {cluster:String})
    AND multiIf({what:String} = 'killed', killed = 1,
        {what:String} = 'failed request', failed = 1,
        {what:String} = 'hang', hung_s > 0,
        {what:String} = 'slow launch', kind = 'cold' AND duration_s > {beyond:Float64},
        {what:String} = 'memory', footprint_mb > {beyond:Float64},
        {what:String} = 'slow frames', kind = 'scrolling' AND events.value < {beyond:Float64},
        {what:String} = 'slow request', duration_s > {beyond:Float64},
        1) = 1
