-- The dictionary of persons as the table has them now.
SYSTEM RELOAD DICTIONARY persons
