-- Work that only one process may do at a time: whoever holds the name, until then at the latest.
CREATE TABLE leases (
    name        TEXT   NOT NULL PRIMARY KEY,
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL
);

-- Which row of a SharePoint list stands for what, so that it stays the same row whatever a tenant or a product is
-- called later. `sku_id` is empty for the Tenantliste. The key of the SharePoint profile says which lists.
CREATE TABLE sharepoint_rows (
    profile_key TEXT NOT NULL,
    tenant_key  TEXT NOT NULL,
    sku_id      TEXT NOT NULL,
    item_id     TEXT NOT NULL,
    PRIMARY KEY (profile_key, tenant_key, sku_id)
);

-- How the last sync of each SharePoint profile went.
CREATE TABLE sharepoint_syncs (
    profile_key     TEXT   NOT NULL PRIMARY KEY,
    started_at      BIGINT NOT NULL,
    last_success_at BIGINT,
    failure_kind    TEXT,
    failure_message TEXT,
    failure_fix     TEXT,
    failing_since   BIGINT,
    doubled_rows    BIGINT NOT NULL
);
