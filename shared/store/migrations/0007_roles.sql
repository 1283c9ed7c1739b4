-- When somebody last decided about the role; a token that is older does not count.
ALTER TABLE people ADD COLUMN role_changed_at BIGINT;

-- Changes of roles, under way or over. Everything a process needs to go on where another one stopped.
CREATE TABLE role_operations (
    number      BIGINT NOT NULL PRIMARY KEY,
    tenant_id   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,  -- change | hand_over | exchange | repair
    asked_by    TEXT   NOT NULL,
    accepted_at BIGINT NOT NULL,
    phase       TEXT   NOT NULL,  -- reading | granting | revoking | undoing | done | aborted
    progress_at BIGINT NOT NULL,
    ended_at    BIGINT,
    problem     TEXT,             -- JSON: why it was given up
    trouble     TEXT,             -- JSON: what keeps it from getting further
    version     BIGINT NOT NULL   -- grows with every step: a process that was overtaken writes nothing
);
CREATE INDEX role_operations_under_way ON role_operations (tenant_id, number) WHERE ended_at IS NULL;

-- What an operation does to one person.
CREATE TABLE role_moves (
    operation     BIGINT NOT NULL REFERENCES role_operations (number) ON DELETE CASCADE,
    place         BIGINT NOT NULL,
    person        BIGINT NOT NULL REFERENCES people (number) ON DELETE CASCADE,
    name          TEXT   NOT NULL,
    object_id     TEXT   NOT NULL,
    from_role     TEXT,
    to_role       TEXT   NOT NULL,
    must_hold     INTEGER NOT NULL,
    found         TEXT,             -- JSON: assignments before anything was changed
    grant_state   TEXT   NOT NULL,  -- JSON
    was_uncertain INTEGER NOT NULL,
    gone          TEXT   NOT NULL,  -- JSON: assignments known to be revoked
    PRIMARY KEY (operation, place)
);
CREATE INDEX role_moves_by_person ON role_moves (person, operation);

-- The people and exclusive offices an operation concerns; no other one may concern them meanwhile.
CREATE TABLE role_subjects (
    operation BIGINT  NOT NULL REFERENCES role_operations (number) ON DELETE CASCADE,
    tenant_id TEXT    NOT NULL,
    subject   TEXT    NOT NULL,  -- person NUMBER | office ROLE
    under_way INTEGER NOT NULL,
    PRIMARY KEY (operation, subject)
);
CREATE UNIQUE INDEX one_role_operation ON role_subjects (tenant_id, subject) WHERE under_way = 1;

-- Every step of an operation, as it was taken.
CREATE TABLE role_steps (
    operation BIGINT NOT NULL REFERENCES role_operations (number) ON DELETE CASCADE,
    version   BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    detail    TEXT   NOT NULL,  -- JSON
    PRIMARY KEY (operation, version)
);

-- Where Entra and this database disagree, as the last reconciliation found.
CREATE TABLE role_findings (
    tenant_id TEXT   NOT NULL,
    subject   TEXT   NOT NULL,  -- person NUMBER | office ROLE
    drift     TEXT   NOT NULL,  -- JSON
    person    BIGINT,
    since     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject, drift)
);

-- When everything was last compared, by tenant.
CREATE TABLE role_reconciliations (
    tenant_id TEXT   NOT NULL PRIMARY KEY,
    at        BIGINT NOT NULL,
    problem   TEXT              -- JSON: why it could not be
);

INSERT INTO meta (name, value) VALUES ('last_role_operation', 0);
