-- People's pages: invitations, sessions of browsers, and what is sent by mail. Of what somebody must
-- show (a code, a cookie, the token of a link) only the SHA-256 is kept, in hexadecimal digits. Times
-- are milliseconds since 1970 in UTC.

INSERT INTO counters (name, value) VALUES ('invitation', 0);

CREATE TABLE invitations (
    -- From the counter, never used twice.
    id BIGINT NOT NULL PRIMARY KEY,
    code_hash TEXT NOT NULL UNIQUE,
    -- How many accounts may be made with it (0: any number), and how many were.
    uses BIGINT NOT NULL,
    used BIGINT NOT NULL,
    -- Null: never.
    expires BIGINT,
    revoked BIGINT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL
);

-- Who came by which invitation.
CREATE TABLE invited (
    account BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    invitation BIGINT NOT NULL REFERENCES invitations (id)
);
CREATE INDEX invited_by_invitation ON invited (invitation);

CREATE TABLE web_sessions (
    -- What its owner calls it, to end it from elsewhere: random, no secret.
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The account's when this began: it ends with the account's tickets.
    epoch BIGINT NOT NULL,
    began BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL
);
CREATE INDEX web_sessions_by_account ON web_sessions (account);
CREATE INDEX web_sessions_by_expiry ON web_sessions (expires);

-- Accounts that will be made when their address is confirmed. There may be several for one address:
-- nothing is taken until then.
CREATE TABLE pending_sign_ups (
    token_hash TEXT NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    password_start_hash TEXT,
    -- Checked when the person signs up, used up when the account is made.
    invitation_hash TEXT,
    expires BIGINT NOT NULL
);
CREATE INDEX pending_sign_ups_by_expiry ON pending_sign_ups (expires);

-- Links by which a new password may be chosen, once.
CREATE TABLE password_resets (
    token_hash TEXT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The account's when the link was made: a password that was changed meanwhile ends it.
    epoch BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX password_resets_by_account ON password_resets (account);
CREATE INDEX password_resets_by_expiry ON password_resets (expires);
