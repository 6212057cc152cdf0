-- One text for SQLite and PostgreSQL: columns are TEXT, BIGINT and BLOB only (BLOB is a domain over
-- BYTEA on PostgreSQL), truth is 0 or 1, times are milliseconds since 1970 in UTC.

-- Numbers that we hand out ourselves. Updating the row is what keeps two writers apart.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('account', 0);

-- Keys of this service, made when it first starts.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TABLE accounts (
    -- Dense from 1 and never used twice: PUID and CID come from it.
    id BIGINT NOT NULL PRIMARY KEY,
    -- Canonical: lower case, trimmed.
    handle TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- PHC strings. The second is there when the password is longer than 16 characters, and is of
    -- its first 16, which is all that old clients send.
    password_hash TEXT NOT NULL,
    password_start_hash TEXT,
    disabled BIGINT NOT NULL,
    verified BIGINT NOT NULL,
    -- Rises with every change that must kill the tickets handed out so far.
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
