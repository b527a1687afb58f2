-- The view of the ledger. Every table is keyed by the ledger position that made the row, so that
-- rows arrive in the order of the key; identifiers, which are random, are secondary indexes.
-- Times: *_ms milliseconds, *_s seconds since the epoch. Lists are JSON texts.
CREATE TABLE IF NOT EXISTS projection_position (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  chain VARCHAR(191) NOT NULL,
  position BIGINT NOT NULL,
  tx_id VARCHAR(191) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS members (
  position BIGINT NOT NULL PRIMARY KEY,
  account VARCHAR(191) NOT NULL,
  kind VARCHAR(191) NOT NULL,
  code VARCHAR(191) NOT NULL,
  name_zh VARCHAR(256) NOT NULL,
  name_en VARCHAR(256) NOT NULL,
  uscc VARCHAR(191) NOT NULL,
  contact VARCHAR(256) NOT NULL,
  jwk MEDIUMTEXT NOT NULL,
  kid VARCHAR(191) NOT NULL,
  status VARCHAR(191) NOT NULL,
  status_position BIGINT NOT NULL,
  UNIQUE KEY members_account (account),
  UNIQUE KEY members_kid (kid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS subjects (
  position BIGINT NOT NULL PRIMARY KEY,
  account VARCHAR(191) NOT NULL,
  kind VARCHAR(191) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS items (
  position BIGINT NOT NULL PRIMARY KEY,
  item VARCHAR(191) NOT NULL,
  version BIGINT NOT NULL,
  department VARCHAR(191) NOT NULL,
  kind VARCHAR(191) NOT NULL,
  sensitivity BIGINT NOT NULL,
  body MEDIUMTEXT NOT NULL,
  UNIQUE KEY items_item (item, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS products (
  position BIGINT NOT NULL PRIMARY KEY,
  product VARCHAR(191) NOT NULL,
  version BIGINT NOT NULL,
  owner VARCHAR(191) NOT NULL,
  status VARCHAR(191) NOT NULL,
  status_position BIGINT NOT NULL,
  body MEDIUMTEXT NOT NULL,
  UNIQUE KEY products_product (product, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS plugins (
  position BIGINT NOT NULL PRIMARY KEY,
  plugin VARCHAR(191) NOT NULL,
  version VARCHAR(191) NOT NULL,
  kind VARCHAR(191) NOT NULL,
  owner VARCHAR(191) NOT NULL,
  digest VARCHAR(191) NOT NULL,
  jwk MEDIUMTEXT NOT NULL,
  capabilities MEDIUMTEXT NOT NULL,
  state VARCHAR(191) NOT NULL,
  reason VARCHAR(512) NOT NULL,
  state_position BIGINT NOT NULL,
  KEY plugins_plugin (plugin, digest)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS assets (
  position BIGINT NOT NULL PRIMARY KEY,
  asset VARCHAR(191) NOT NULL,
  subject VARCHAR(191) NOT NULL,
  department VARCHAR(191) NOT NULL,
  item VARCHAR(191) NOT NULL,
  version BIGINT NOT NULL,
  fields MEDIUMTEXT NOT NULL,
  as_of_s BIGINT NOT NULL,
  expires_s BIGINT NOT NULL,
  supersedes VARCHAR(191) NOT NULL,
  state VARCHAR(191) NOT NULL,
  state_position BIGINT NOT NULL,
  UNIQUE KEY assets_asset (asset)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS requests (
  position BIGINT NOT NULL PRIMARY KEY,
  request_id VARCHAR(191) NOT NULL,
  subject VARCHAR(191) NOT NULL,
  consumer VARCHAR(191) NOT NULL,
  product VARCHAR(191) NOT NULL,
  product_version BIGINT NOT NULL,
  purpose VARCHAR(191) NOT NULL,
  deadline_s BIGINT NOT NULL,
  grant_id VARCHAR(191) NOT NULL,
  state VARCHAR(191) NOT NULL,
  state_position BIGINT NOT NULL,
  UNIQUE KEY requests_request (request_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS grants (
  position BIGINT NOT NULL PRIMARY KEY,
  grant_id VARCHAR(191) NOT NULL,
  request_id VARCHAR(191) NOT NULL,
  subject VARCHAR(191) NOT NULL,
  consumer VARCHAR(191) NOT NULL,
  product VARCHAR(191) NOT NULL,
  purpose VARCHAR(191) NOT NULL,
  items MEDIUMTEXT NOT NULL,
  mode VARCHAR(191) NOT NULL,
  valid_from_s BIGINT NOT NULL,
  valid_to_s BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  max_uses BIGINT NOT NULL,
  state VARCHAR(191) NOT NULL,
  state_position BIGINT NOT NULL,
  UNIQUE KEY grants_grant (grant_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS accesses (
  position BIGINT NOT NULL PRIMARY KEY,
  access_id VARCHAR(191) NOT NULL,
  grant_id VARCHAR(191) NOT NULL,
  subject VARCHAR(191) NOT NULL,
  consumer VARCHAR(191) NOT NULL,
  product VARCHAR(191) NOT NULL,
  purpose VARCHAR(191) NOT NULL,
  items MEDIUMTEXT NOT NULL,
  state VARCHAR(191) NOT NULL,
  acked BIGINT NOT NULL,
  state_position BIGINT NOT NULL,
  UNIQUE KEY accesses_access (access_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS flows (
  position BIGINT NOT NULL PRIMARY KEY,
  time_ms BIGINT NOT NULL,
  op VARCHAR(191) NOT NULL,
  consumer VARCHAR(191) NOT NULL,
  product VARCHAR(191) NOT NULL,
  purpose VARCHAR(191) NOT NULL,
  items MEDIUMTEXT NOT NULL,
  outcome VARCHAR(191) NOT NULL,
  grant_id VARCHAR(191) NOT NULL,
  access_id VARCHAR(191) NOT NULL,
  subject VARCHAR(191) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
