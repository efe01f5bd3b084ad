-- Cells cut by the filter and by the customers that are entitled; only needed where there are such.
SELECT feature, cell, part, cut_times AS times, d0, d1, d2, w1, w2, w3, w4
FROM (
    SELECT feature, cell, part, {axis:String} IN ('release', 'customer') AS filtered,
        has({for_customers:Array(String)}, feature) AS chosen,
        if(filtered, if(cell = '', sumIf(times, part = 1) OVER mine, 0), times) AS cut_times,
        arrayMap((whole, one, two) -> if(chosen, bitmapAnd(if(filtered, bitmapAnd(whole, one), whole), two),
                if(filtered, bitmapAnd(whole, one), whole)),
            [cells.d0, cells.d1, cells.d2, cells.w1, cells.w2, cells.w3, cells.w4],
            [groupBitmapMergeStateIf(cells.d0, part = 1) OVER mine, groupBitmapMergeStateIf(cells.d1, part = 1) OVER mine,
                groupBitmapMergeStateIf(cells.d2, part = 1) OVER mine, groupBitmapMergeStateIf(cells.w1, part = 1) OVER mine,
                groupBitmapMergeStateIf(cells.w2, part = 1) OVER mine, groupBitmapMergeStateIf(cells.w3, part = 1) OVER mine,
                groupBitmapMergeStateIf(cells.w4, part = 1) OVER mine],
            [groupBitmapMergeStateIf(cells.d0, part = 2) OVER mine, groupBitmapMergeStateIf(cells.d1, part = 2) OVER mine,
                groupBitmapMergeStateIf(cells.d2, part = 2) OVER mine, groupBitmapMergeStateIf(cells.w1, part = 2) OVER mine,
                groupBitmapMergeStateIf(cells.w2, part = 2) OVER mine, groupBitmapMergeStateIf(cells.w3, part = 2) OVER mine,
                groupBitmapMergeStateIf(cells.w4, part = 2) OVER mine]) AS sets,
        sets[1] AS d0, sets[2] AS d1, sets[3] AS d2, sets[4] AS w1, sets[5] AS w2, sets[6] AS w3, sets[7] AS w4
    FROM cells
    WINDOW mine AS (PARTITION BY feature)
)
WHERE part = 0
