-- Of the people a survey prompt was shown to, those who answered that survey from then on.
WITH
    asked AS
    (
        SELECT (user_id, if(user_id = 0, install_id, 0)) AS person, min(time) AS first
        FROM events
        WHERE project = {project:UInt32} AND type = 'directive' AND directive = {directive:String} AND outcome = 'shown'
            AND (user_id != 0 OR install_id != 0)
        GROUP BY person
    ),
    answers AS
    (
        SELECT (user_id, if(user_id = 0, install_id, 0)) AS person, max(time) AS last
        FROM events
        WHERE project = {project:UInt32} AND type = 'feedback' AND survey = {survey:String}
        GROUP BY person
    )
SELECT count() AS asked, countIf(answers.last >= asked.first) AS answered
FROM asked
LEFT JOIN answers ON answers.person = asked.person
