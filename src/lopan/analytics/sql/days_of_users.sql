-- Days on which one of the users did anything, foreground or not.
SELECT DISTINCT project, toDate(time, {zone:String}) AS day FROM events WHERE user_id IN {users:Array(UInt32)}
