-- Counts of each cell: 0 = the 28 days asked for, closed = the last 28 closed ones, before = those a week before.
SELECT feature, cell, times,
    bitmapCardinality(d0) AS now, bitmapCardinality(d1) AS closed, bitmapCardinality(d2) AS before,
    bitmapAndCardinality(d1, d2) AS both,
    bitmapCardinality(bitmapOr(bitmapOr(w1, w2), bitmapOr(w3, w4))) AS tried,
    bitmapCardinality(bitmapOr(w1, bitmapOr(w2, w3))) AS could_return,
    bitmapCardinality(bitmapOr(bitmapAnd(bitmapOr(w1, bitmapOr(w2, w3)), w4),
        bitmapOr(bitmapAnd(bitmapOr(w1, w2), w3), bitmapAnd(w1, w2)))) AS returned
FROM counted
WHERE part = 0
