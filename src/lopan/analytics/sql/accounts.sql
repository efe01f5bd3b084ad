-- Every account as it was from each of its days on.
SELECT account, valid_from, toString(name) AS name, toString(segment) AS segment, toString(region) AS region,
    toString(industry) AS industry, toString(owner) AS owner, toString(contact) AS contact, last_contact
FROM {account:Identifier}
WHERE {customer:String} = '' OR account = {customer:String}
ORDER BY account, valid_from, ver, key
