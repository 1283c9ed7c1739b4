-- The switches of a tenant have a version, so that nobody overwrites what they have not seen, and say who set them last;
-- '' is this program or the Tenantliste.
ALTER TABLE tenants ADD COLUMN switches_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN switched_at BIGINT;
ALTER TABLE tenants ADD COLUMN switched_by TEXT NOT NULL DEFAULT '';

-- Polls people asked for, so that a second click starts no second one: of one tenant ('' stands for all), and the number
-- of its last poll begun by then.
CREATE TABLE poll_wishes (
    tenant_key TEXT   NOT NULL PRIMARY KEY,
    asked_at   BIGINT NOT NULL,
    asked_by   TEXT   NOT NULL,
    after_poll BIGINT NOT NULL
);
