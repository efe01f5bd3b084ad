-- Answers of whoever has answered from {fresh} on: which of those count depends on the earlier ones.
SELECT * FROM told
WHERE (scale, person, anonymous) IN (SELECT scale, person, anonymous FROM told WHERE day >= {fresh:Date})
