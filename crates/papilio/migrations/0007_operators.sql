-- Those who run the service, and what they did. Times are milliseconds since 1970 in UTC.

-- Accounts that may do an operator's acts.
CREATE TABLE operators (
    account BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- Words separated by spaces, such as 'accounts:read bans:write'.
    scopes TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- What programs show to do such acts.
CREATE TABLE api_tokens (
    name TEXT NOT NULL PRIMARY KEY,
    -- Of the token, which has 256 random bits and is kept nowhere: SHA-256 in hexadecimal digits.
    token_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- NULL: never, both.
    expires BIGINT,
    last_used BIGINT
);

-- Who may not sign in, and from where nobody may.
CREATE TABLE bans (
    -- From the counter, and never used twice.
    id BIGINT NOT NULL PRIMARY KEY,
    -- 'account' with a handle, or 'network' with an address and the length of its prefix.
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- NULL: never.
    expires BIGINT,
    UNIQUE (kind, subject)
);
INSERT INTO counters (name, value) VALUES ('ban', 0);
-- Rises with every change to bans: whoever serves looks here for news.
INSERT INTO counters (name, value) VALUES ('ban_change', 0);

CREATE TABLE audit (
    -- From the counter, whose row is held until the commit: numbers rise in the order of commits.
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    -- Who did it, as 'command line (root)', 'token NAME' or 'account HANDLE'.
    who TEXT NOT NULL,
    -- What was done, as 'accounts.disable', and to whom or what; empty if that says it all.
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- 'done', 'refused' or 'failed'.
    outcome TEXT NOT NULL,
    -- An object in JSON, without secrets.
    details TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
INSERT INTO counters (name, value) VALUES ('audit', 0);
