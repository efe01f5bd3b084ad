-- Active people in the form of a feature without a name.
SELECT '' AS feature, day, axis, name, users AS done, users AS tried, 0 AS uses FROM people
