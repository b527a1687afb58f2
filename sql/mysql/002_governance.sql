-- Decisions by vote, and keys that replace keys. The view is filled anew from the ledger.
CREATE TABLE IF NOT EXISTS proposals (
  position BIGINT NOT NULL PRIMARY KEY,
  proposal VARCHAR(191) NOT NULL,
  op VARCHAR(191) NOT NULL,
  body MEDIUMTEXT NOT NULL,
  proposer VARCHAR(191) NOT NULL,
  state VARCHAR(191) NOT NULL,
  state_position BIGINT NOT NULL,
  UNIQUE KEY proposals_proposal (proposal)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- Keys that members have replaced: what they signed stays to be checked.
CREATE TABLE IF NOT EXISTS retired_keys (
  position BIGINT NOT NULL PRIMARY KEY,
  account VARCHAR(191) NOT NULL,
  jwk MEDIUMTEXT NOT NULL,
  KEY retired_keys_account (account)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
DELETE FROM projection_position;
