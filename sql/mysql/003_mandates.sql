-- Who acts for whom, and which grants were given so. The view is filled anew from the ledger.
CREATE TABLE IF NOT EXISTS mandates (
  position BIGINT NOT NULL PRIMARY KEY,
  mandate VARCHAR(191) NOT NULL,
  parent VARCHAR(191) NOT NULL,
  subject VARCHAR(191) NOT NULL,
  holder VARCHAR(191) NOT NULL,
  role VARCHAR(191) NOT NULL,
  cosign BIGINT NOT NULL,
  state VARCHAR(191) NOT NULL,
  state_position BIGINT NOT NULL,
  UNIQUE KEY mandates_mandate (mandate),
  KEY mandates_subject (subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS grant_actors (
  position BIGINT NOT NULL PRIMARY KEY,
  grant_id VARCHAR(191) NOT NULL,
  actor VARCHAR(191) NOT NULL,
  role VARCHAR(191) NOT NULL,
  mandate VARCHAR(191) NOT NULL,
  KEY grant_actors_actor (actor),
  KEY grant_actors_mandate (mandate)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
DELETE FROM projection_position;
