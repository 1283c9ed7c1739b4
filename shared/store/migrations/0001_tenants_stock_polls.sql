-- Dialect: what SQLite and PostgreSQL both speak. Times are milliseconds since the epoch, UTC; switches are 0 or 1;
-- GUIDs are text.

-- One row per profile file ever seen. The key is the <name> of the file; names may change, the key does not.
CREATE TABLE tenants (
    tenant_key           TEXT    NOT NULL PRIMARY KEY,
    tenant_id            TEXT,                        -- Microsoft's GUID; NULL while no readable profile was seen
    tenant_name          TEXT    NOT NULL,
    display_name         TEXT,
    definition           TEXT    NOT NULL,            -- the profile as last read, to notice a change; holds no secret
    profile_enabled      INTEGER NOT NULL,            -- the switch in the file
    enabled              INTEGER NOT NULL DEFAULT 1,  -- the switch people set; a tenant is polled when both are on
    monitoring           INTEGER NOT NULL DEFAULT 1,
    count_warning_units  INTEGER NOT NULL DEFAULT 1,
    first_seen_at        BIGINT  NOT NULL,
    removed_at           BIGINT,                      -- since when there is no profile file
    poll_wanted          INTEGER NOT NULL DEFAULT 1,  -- poll at the next tick, whatever the interval says
    last_attempt_at      BIGINT,                      -- start of the last recorded poll
    last_success_at      BIGINT,                      -- start of the last recorded poll that brought numbers
    failing_since        BIGINT,
    failure_kind         TEXT,
    failure_message      TEXT,
    failure_fix          TEXT,
    consecutive_failures BIGINT  NOT NULL DEFAULT 0,
    certificate_ends_at  BIGINT,
    fence                BIGINT  NOT NULL DEFAULT 0,  -- number of the last poll begun; a poll may write only under its own
    lease_until          BIGINT                       -- until then nobody else may begin a poll
);

-- What each tenant has now.
CREATE TABLE stock (
    tenant_key        TEXT   NOT NULL REFERENCES tenants (tenant_key) ON DELETE CASCADE,
    sku_id            TEXT   NOT NULL,
    part_number       TEXT   NOT NULL,
    applies_to        TEXT   NOT NULL,
    capability_status TEXT   NOT NULL,
    enabled           BIGINT NOT NULL,
    warning           BIGINT NOT NULL,
    suspended         BIGINT NOT NULL,
    locked_out        BIGINT NOT NULL,
    consumed          BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, sku_id)
);

-- Every change of a product's numbers; a poll that changed nothing leaves no row. A product that appeared has no
-- "before", one that disappeared no "after".
CREATE TABLE stock_changes (
    tenant_key               TEXT   NOT NULL REFERENCES tenants (tenant_key) ON DELETE CASCADE,
    poll                     BIGINT NOT NULL,
    sku_id                   TEXT   NOT NULL,
    changed_at               BIGINT NOT NULL,
    before_part_number       TEXT,
    before_applies_to        TEXT,
    before_capability_status TEXT,
    before_enabled           BIGINT,
    before_warning           BIGINT,
    before_suspended         BIGINT,
    before_locked_out        BIGINT,
    before_consumed          BIGINT,
    after_part_number        TEXT,
    after_applies_to         TEXT,
    after_capability_status  TEXT,
    after_enabled            BIGINT,
    after_warning            BIGINT,
    after_suspended          BIGINT,
    after_locked_out         BIGINT,
    after_consumed           BIGINT,
    PRIMARY KEY (tenant_key, poll, sku_id)
);
CREATE INDEX stock_changes_by_product ON stock_changes (tenant_key, sku_id, changed_at);
CREATE INDEX stock_changes_by_time ON stock_changes (tenant_key, changed_at);

-- One row per tenant and poll, kept for a while; `poll` is the fence under which it ran.
CREATE TABLE poll_runs (
    tenant_key      TEXT   NOT NULL REFERENCES tenants (tenant_key) ON DELETE CASCADE,
    poll            BIGINT NOT NULL,
    started_at      BIGINT NOT NULL,
    finished_at     BIGINT NOT NULL,
    outcome         TEXT   NOT NULL,  -- unchanged | changed | failed
    failure_kind    TEXT,
    failure_message TEXT,
    failure_fix     TEXT,
    skus            BIGINT NOT NULL,
    changes         BIGINT NOT NULL,
    requests        BIGINT NOT NULL,
    retries         BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, poll)
);
CREATE INDEX poll_runs_by_age ON poll_runs (outcome, started_at);

-- Single numbers: `revision` counts transactions that changed what readers show, `last_tick_at` is when a whole
-- poll of all due tenants was last completed.
CREATE TABLE meta (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('revision', 0);
