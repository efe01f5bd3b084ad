"""The pages about people: one file a page, all over the same range of local days and the same choice of whom."""
