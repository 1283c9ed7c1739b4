-- What counts as a shortage, for one tenant and product, for all of one, or for all ('' stands for all).
CREATE TABLE rules (
    tenant_key TEXT   NOT NULL,
    sku_id     TEXT   NOT NULL,
    definition TEXT   NOT NULL,  -- JSON; what it leaves out is taken from the wider rule
    changed_at BIGINT NOT NULL,
    changed_by TEXT   NOT NULL,
    PRIMARY KEY (tenant_key, sku_id)
);

-- One row per shortage, from the poll that first saw it to the one that saw its end.
CREATE TABLE incidents (
    number        BIGINT NOT NULL PRIMARY KEY,
    tenant_key    TEXT   NOT NULL REFERENCES tenants (tenant_key) ON DELETE CASCADE,
    sku_id        TEXT   NOT NULL,
    part_number   TEXT   NOT NULL,
    opened_at     BIGINT NOT NULL,
    closed_at     BIGINT,
    closing       TEXT,             -- refilled | no_longer_alerts | gone
    phase         TEXT   NOT NULL,  -- open | acknowledged | ordered
    quantity      BIGINT,
    expected_on   TEXT,
    snoozed_until BIGINT,
    told          BIGINT NOT NULL,
    version       BIGINT NOT NULL   -- grows with every change, so that nobody overwrites what they have not seen
);
-- Two shortages of one product at the same time cannot be.
CREATE UNIQUE INDEX open_incidents ON incidents (tenant_key, sku_id) WHERE closed_at IS NULL;
CREATE INDEX incidents_by_time ON incidents (opened_at);

-- What happened to an incident, and who did it; '' is this program.
CREATE TABLE incident_events (
    number BIGINT NOT NULL REFERENCES incidents (number) ON DELETE CASCADE,
    step   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    who    TEXT   NOT NULL,
    what   TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    PRIMARY KEY (number, step)
);

-- What people are to be told, written in the transaction that found out. The subject says what it is about, so that it
-- is written once.
CREATE TABLE messages (
    number     BIGINT NOT NULL PRIMARY KEY,
    subject    TEXT   NOT NULL UNIQUE,
    tenant_key TEXT,
    incident   BIGINT,
    body       TEXT   NOT NULL,
    written_at BIGINT NOT NULL,
    spread_at  BIGINT             -- since when each channel has its delivery
);
CREATE INDEX messages_by_incident ON messages (incident);

-- One message on one channel.
CREATE TABLE deliveries (
    message         BIGINT NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
    channel         TEXT   NOT NULL,
    state           TEXT   NOT NULL,  -- waiting | sent | given_up | cancelled
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    ended_at        BIGINT,
    bundle          TEXT,             -- the mark under which it was last tried to be sent
    error           TEXT,
    PRIMARY KEY (message, channel)
);
CREATE INDEX deliveries_waiting ON deliveries (state, next_attempt_at);

INSERT INTO meta (name, value) VALUES ('last_incident', 0), ('last_message', 0);
