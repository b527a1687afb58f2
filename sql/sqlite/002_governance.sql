-- Decisions by vote, and keys that replace keys. The view is filled anew from the ledger.
CREATE TABLE IF NOT EXISTS proposals (
  position INTEGER PRIMARY KEY,
  proposal TEXT NOT NULL,
  op TEXT NOT NULL,
  body TEXT NOT NULL,
  proposer TEXT NOT NULL,
  state TEXT NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS proposals_proposal ON proposals (proposal);
-- Keys that members have replaced: what they signed stays to be checked.
CREATE TABLE IF NOT EXISTS retired_keys (
  position INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  jwk TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS retired_keys_account ON retired_keys (account);
DELETE FROM projection_position;
