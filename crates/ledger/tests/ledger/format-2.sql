-- What format 2 has beside format 1: what people did. To be read after format-1.sql, and never changed.
BEGIN TRANSACTION;
PRAGMA user_version = 2;
CREATE TABLE act (
  delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  act TEXT NOT NULL,      -- applied, not_applied, retry, cancel
  by TEXT,
  note TEXT,
  was INTEGER NOT NULL,   -- the state that was left
  reason TEXT,            -- and why the delivery was in it: JSON
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;
UPDATE delivery SET state = 10, reason = NULL, updated_at_ms = 1795179300000 WHERE id = 4;
UPDATE tally SET n = 2 WHERE run = 1 AND state = 7;
INSERT INTO tally VALUES (1, 10, 1);
INSERT INTO act VALUES (4, 1, 1795179300000, 'cancel', 'ada', 'ordered by telephone', 7, '{"code":"Validation.InvalidField","status":400,"text":"Invalid value for PO List Document Status","action":"correct the field"}');
COMMIT;
