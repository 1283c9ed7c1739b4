-- What each tenant has bought, as Microsoft listed it at the last reading that worked.
CREATE TABLE subscriptions (
    tenant_key        TEXT    NOT NULL REFERENCES tenants (tenant_key) ON DELETE CASCADE,
    subscription_id   TEXT    NOT NULL,
    sku_id            TEXT    NOT NULL,
    part_number       TEXT    NOT NULL,
    status            TEXT    NOT NULL,
    licences          BIGINT  NOT NULL,
    is_trial          INTEGER NOT NULL,
    created_at        BIGINT,
    next_lifecycle_at BIGINT,           -- when it moves to its next state unless it is renewed
    PRIMARY KEY (tenant_key, subscription_id)
);

-- When a tenant was last asked for them, when it last told, and why it did not. A missing permission is remembered here
-- and is no failure of the tenant.
ALTER TABLE tenants ADD COLUMN subscriptions_asked_at BIGINT;
ALTER TABLE tenants ADD COLUMN subscriptions_read_at BIGINT;
ALTER TABLE tenants ADD COLUMN subscriptions_failure_kind TEXT;
ALTER TABLE tenants ADD COLUMN subscriptions_failure_message TEXT;
ALTER TABLE tenants ADD COLUMN subscriptions_failure_fix TEXT;

-- The products that a tenant has on trial alone, GUIDs with blanks between: it follows from the table above and is kept
-- here because every reader of a tenant's stock needs it.
ALTER TABLE tenants ADD COLUMN trials TEXT NOT NULL DEFAULT '';
