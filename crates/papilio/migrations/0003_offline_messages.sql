-- Offline messages (services-oim).

-- One row for every account that was ever left a message.
CREATE TABLE offline_mailboxes (
    owner BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- The number of the message that came last. Updating it is what keeps two writers apart, so the
    -- numbers of one mailbox rise in the order of commits and none comes twice.
    last_number BIGINT NOT NULL
);

CREATE TABLE offline_messages (
    -- A GUID in lower case.
    id TEXT NOT NULL PRIMARY KEY,
    recipient BIGINT NOT NULL REFERENCES offline_mailboxes (owner) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    -- The sender as they were then: their address, their name, where they connected from.
    sender TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    source TEXT NOT NULL,
    proxy TEXT NOT NULL,
    -- The conversation and the place in it, as the sender counts them.
    run TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    -- UTF-8, as it was sent.
    body BLOB NOT NULL,
    -- Bytes of the mail that is made of all this.
    size BIGINT NOT NULL,
    -- Steps of 100 ns since 1970 in UTC, both. What has expired is there for nobody, though it may not
    -- be cleared away yet.
    received BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    marked_read BIGINT NOT NULL,
    -- A deleted message can be read for some minutes more; then it expires.
    deleted BIGINT NOT NULL
);
CREATE UNIQUE INDEX offline_messages_by_recipient ON offline_messages (recipient, number);
CREATE INDEX offline_messages_by_expiry ON offline_messages (expires);
