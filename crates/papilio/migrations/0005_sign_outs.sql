-- Accounts whose sessions must end, because their password changed or they were disabled or deleted.
-- Whoever does that is often another process than the one that serves, which looks here.
CREATE TABLE sign_outs (
    -- No reference: it may be gone.
    account BIGINT NOT NULL PRIMARY KEY,
    -- Sessions that began under an earlier one must end.
    epoch BIGINT NOT NULL,
    -- From the counter, whose row is held until the commit: whoever has seen one number has seen all
    -- before it.
    number BIGINT NOT NULL
);
CREATE INDEX sign_outs_by_number ON sign_outs (number);
INSERT INTO counters (name, value) VALUES ('sign_out', 0);
