-- Events accepted for asynchronous invocation. A row is there from the 202 until the function succeeded or the event
-- moved to the dead letters. Times are milliseconds since the epoch, UTC.
CREATE TABLE events (
    id                 TEXT   NOT NULL PRIMARY KEY, -- request id, the same on every attempt
    function_name      TEXT   NOT NULL,
    payload            TEXT   NOT NULL,
    client_context     TEXT,
    accepted_at_ms     BIGINT NOT NULL,
    expires_at_ms      BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    attempts           BIGINT NOT NULL, -- runs that ended with a function error
    throttles          BIGINT NOT NULL, -- times in a row that no process could take it
    hops               BIGINT NOT NULL, -- destinations between the first event and this one
    lease_host         TEXT,            -- data directory whose emulator works on it
    lease_owner        TEXT,            -- one run of that emulator
    lease_until_ms     BIGINT NOT NULL  -- when another emulator may take it over; 0 = free
);
CREATE INDEX events_due ON events (function_name, next_attempt_at_ms);

-- Events given up. Kept until somebody redrives or discards them.
CREATE TABLE dead_letters (
    id             TEXT   NOT NULL PRIMARY KEY, -- sorts by time
    request_id     TEXT   NOT NULL,
    function_name  TEXT   NOT NULL,
    payload        TEXT   NOT NULL,
    client_context TEXT,
    accepted_at_ms BIGINT NOT NULL,
    dead_at_ms     BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    reason         TEXT   NOT NULL, -- RetriesExhausted | EventAgeExceeded
    error          TEXT             -- last error document
);

-- The last slot each schedule fired.
CREATE TABLE schedule_slots (
    name         TEXT   NOT NULL PRIMARY KEY,
    last_slot_ms BIGINT NOT NULL
);
