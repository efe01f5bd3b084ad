-- How many events each local day has.
SELECT project, toDate(time, {zone:String}) AS day, count() AS events FROM events GROUP BY project, day
