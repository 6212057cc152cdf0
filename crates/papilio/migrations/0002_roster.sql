-- Address books and memberships (services-addressbook). Times in these tables are the service's own:
-- steps of 100 ns since 1970 in UTC. Whoever appears here by address is found by joining with
-- accounts.handle: an address may be in an address book before, while and after it has an account.

CREATE TABLE address_books (
    owner BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- The contact Me: its id, what it knows (JSON), and when that changed.
    me TEXT NOT NULL,
    me_properties TEXT NOT NULL,
    me_changed BIGINT NOT NULL,
    -- MSN.IM.BLP: 1 everyone, 0 only those allowed. MSN.IM.GTC: 1 ask, 0 automatic.
    blp BIGINT NOT NULL,
    gtc BIGINT NOT NULL,
    created BIGINT NOT NULL,
    -- Rises with every change to anything of this owner. Updating it is what keeps two writers
    -- apart: every transaction does so first, owner by owner in the order of their numbers.
    last_change BIGINT NOT NULL,
    -- Tombstones up to this time may have been cleared away.
    horizon BIGINT NOT NULL,
    -- The number of the next new member.
    next_member BIGINT NOT NULL
);

CREATE TABLE contacts (
    owner BIGINT NOT NULL REFERENCES address_books (owner) ON DELETE CASCADE,
    id TEXT NOT NULL,
    -- 'Passport', 'Email', 'Phone' with the address in lower case, or 'None'.
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    -- On FL.
    messenger BIGINT NOT NULL,
    -- Everything else (JSON).
    properties TEXT NOT NULL,
    deleted BIGINT NOT NULL,
    added BIGINT NOT NULL,
    last_change BIGINT NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE UNIQUE INDEX contacts_by_passport ON contacts (owner, address)
    WHERE kind = 'Passport' AND deleted = 0;

CREATE TABLE contact_groups (
    owner BIGINT NOT NULL REFERENCES address_books (owner) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    favorite BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    added BIGINT NOT NULL,
    last_change BIGINT NOT NULL,
    PRIMARY KEY (owner, id)
);

CREATE TABLE group_contacts (
    owner BIGINT NOT NULL REFERENCES address_books (owner) ON DELETE CASCADE,
    contact TEXT NOT NULL,
    contact_group TEXT NOT NULL,
    PRIMARY KEY (owner, contact, contact_group)
);

CREATE TABLE members (
    owner BIGINT NOT NULL REFERENCES address_books (owner) ON DELETE CASCADE,
    -- MembershipId: for ever the same for an owner, role and address.
    id BIGINT NOT NULL,
    -- The bit of the list: AL 2, BL 4, RL 8, PL 16.
    role BIGINT NOT NULL,
    -- 'Passport', 'Email' or 'Phone', with the address in lower case.
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    -- Display name and annotations (JSON).
    said TEXT NOT NULL,
    deleted BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    last_change BIGINT NOT NULL,
    PRIMARY KEY (owner, id),
    UNIQUE (owner, address, kind, role)
);
