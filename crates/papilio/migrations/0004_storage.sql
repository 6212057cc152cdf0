-- What roams with an account (services-other, 3). Times are milliseconds since 1970 in UTC. The
-- display name is the account's own and is not kept again.

CREATE TABLE profiles (
    owner BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- The personal message; empty if there is none.
    status TEXT NOT NULL,
    status_changed BIGINT NOT NULL
);

CREATE TABLE pictures (
    owner BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- Where it is fetched: 128 random bits, others with every new picture.
    token TEXT NOT NULL UNIQUE,
    -- What its owner calls it.
    name TEXT NOT NULL,
    -- Whether it is among the owner's pictures, and whether the profile shows it. What is neither
    -- is deleted.
    listed BIGINT NOT NULL,
    shown BIGINT NOT NULL,
    -- PNG, as we encoded it: the whole, how many bytes that is, and a thumbnail.
    whole BLOB NOT NULL,
    whole_size BIGINT NOT NULL,
    small BLOB NOT NULL,
    changed BIGINT NOT NULL
);
