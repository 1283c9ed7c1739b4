-- People who have signed in, and those whose roles are looked after. An account is tenant and object id; a name is
-- only shown and never looked up.
CREATE TABLE people (
    number           BIGINT NOT NULL PRIMARY KEY,
    tenant_id        TEXT   NOT NULL,
    object_id        TEXT,              -- NULL while the account behind a name is not known
    user_name        TEXT   NOT NULL,
    name             TEXT   NOT NULL,
    role             TEXT,              -- internal role; NULL: none is known
    ceiling          TEXT,              -- the highest internal role this person may get
    entra_roles      TEXT   NOT NULL,   -- JSON: app roles in Entra as last read
    roles_as_of      BIGINT,            -- when they were read
    first_sign_in_at BIGINT,
    last_sign_in_at  BIGINT,
    version          BIGINT NOT NULL    -- grows with every change but that of sign-in times
);
CREATE UNIQUE INDEX people_by_account ON people (tenant_id, object_id);

-- Sessions that can still be used. The id is in the browser alone; here is its hash.
CREATE TABLE sessions (
    id_hash      TEXT   NOT NULL PRIMARY KEY,
    person       BIGINT NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    rights       TEXT   NOT NULL,   -- roles as they stand in a token, separated by spaces
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person);

-- Sign-ins that came back from Microsoft, so that none comes back twice.
CREATE TABLE sign_in_attempts (
    state_hash TEXT   NOT NULL PRIMARY KEY,
    used_at    BIGINT NOT NULL
);

-- Who did what. Written in the transaction of what it tells, and never changed.
CREATE TABLE audit_log (
    number  BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    person  BIGINT,             -- NULL: a program, or somebody at the command line
    who     TEXT   NOT NULL,    -- the name by which people know who it was
    action  TEXT   NOT NULL,    -- one word such as signed-in
    subject TEXT   NOT NULL,    -- what it was done to; may be empty
    detail  TEXT   NOT NULL     -- JSON
);
CREATE INDEX audit_log_by_subject ON audit_log (subject, number);

INSERT INTO meta (name, value) VALUES ('last_person', 0), ('last_audit', 0);
