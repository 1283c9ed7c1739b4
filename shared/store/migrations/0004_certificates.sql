-- Every certificate that a profile names, as it was found at the last look. That people were told of its end stands in
-- `messages`, under a subject that names the certificate.
CREATE TABLE certificates (
    kind        TEXT   NOT NULL,  -- tenant | sharepoint
    profile_key TEXT   NOT NULL,
    owner       TEXT   NOT NULL,  -- the name people know
    fingerprint TEXT,             -- SHA-256, hexadecimal; NULL when it could not be read
    ends_at     BIGINT,
    problem     TEXT,             -- why it does not work
    fix         TEXT,
    note        TEXT,             -- what is not quite right, but works
    looked_at   BIGINT NOT NULL,
    PRIMARY KEY (kind, profile_key)
);
