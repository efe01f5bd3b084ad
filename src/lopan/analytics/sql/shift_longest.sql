-- The length of the longest shift, in days begun.
SELECT toInt64(ceil(max(dateDiff('millisecond', started, ended)) / 86400000)) AS days FROM {shift:Identifier} WHERE kind = 'shift'
