-- The emulators that share this queue. Each raises its counter again and again; whoever sees another's counter stand
-- still for long enough, by its own clock, takes that emulator for dead and frees its events.
CREATE TABLE emulators (
    run           TEXT   NOT NULL PRIMARY KEY, -- one run of one emulator: events.lease_owner
    host          TEXT   NOT NULL,             -- the machine or container, for people
    beats         BIGINT NOT NULL,
    started_at_ms BIGINT NOT NULL
);
