-- Whom directives reached: people by outcome. A person is a user, or an installation where no user was named; events
-- that name neither count one each.
SELECT
    project,
    directive,
    outcome,
    uniqExactIf((user_id, if(user_id = 0, install_id, 0)), user_id != 0 OR install_id != 0)
        + countIf(user_id = 0 AND install_id = 0) AS people,
    count() AS n
FROM events
WHERE project IN {projects:Array(UInt32)} AND type = 'directive' AND directive IN {directives:Array(String)}
GROUP BY project, directive, outcome
