-- The view of the ledger. Every table is keyed by the ledger position that made the row, so that
-- rows arrive in the order of the key; identifiers, which are random, are secondary indexes.
-- Times: *_ms milliseconds, *_s seconds since the epoch. Lists are JSON texts.
CREATE TABLE IF NOT EXISTS projection_position (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  chain TEXT NOT NULL,
  position INTEGER NOT NULL,
  tx_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
  position INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  code TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  uscc TEXT NOT NULL,
  contact TEXT NOT NULL,
  jwk TEXT NOT NULL,
  kid TEXT NOT NULL,
  status TEXT NOT NULL,
  status_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS members_account ON members (account);
CREATE UNIQUE INDEX IF NOT EXISTS members_kid ON members (kid);
CREATE TABLE IF NOT EXISTS subjects (
  position INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS items (
  position INTEGER PRIMARY KEY,
  item TEXT NOT NULL,
  version INTEGER NOT NULL,
  department TEXT NOT NULL,
  kind TEXT NOT NULL,
  sensitivity INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS items_item ON items (item, version);
CREATE TABLE IF NOT EXISTS products (
  position INTEGER PRIMARY KEY,
  product TEXT NOT NULL,
  version INTEGER NOT NULL,
  owner TEXT NOT NULL,
  status TEXT NOT NULL,
  status_position INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS products_product ON products (product, version);
CREATE TABLE IF NOT EXISTS plugins (
  position INTEGER PRIMARY KEY,
  plugin TEXT NOT NULL,
  version TEXT NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  digest TEXT NOT NULL,
  jwk TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS plugins_plugin ON plugins (plugin, digest);
CREATE TABLE IF NOT EXISTS assets (
  position INTEGER PRIMARY KEY,
  asset TEXT NOT NULL,
  subject TEXT NOT NULL,
  department TEXT NOT NULL,
  item TEXT NOT NULL,
  version INTEGER NOT NULL,
  fields TEXT NOT NULL,
  as_of_s INTEGER NOT NULL,
  expires_s INTEGER NOT NULL,
  supersedes TEXT NOT NULL,
  state TEXT NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS assets_asset ON assets (asset);
CREATE TABLE IF NOT EXISTS requests (
  position INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  consumer TEXT NOT NULL,
  product TEXT NOT NULL,
  product_version INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  deadline_s INTEGER NOT NULL,
  grant_id TEXT NOT NULL,
  state TEXT NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS requests_request ON requests (request_id);
CREATE TABLE IF NOT EXISTS grants (
  position INTEGER PRIMARY KEY,
  grant_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  consumer TEXT NOT NULL,
  product TEXT NOT NULL,
  purpose TEXT NOT NULL,
  items TEXT NOT NULL,
  mode TEXT NOT NULL,
  valid_from_s INTEGER NOT NULL,
  valid_to_s INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  max_uses INTEGER NOT NULL,
  state TEXT NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS grants_grant ON grants (grant_id);
CREATE TABLE IF NOT EXISTS accesses (
  position INTEGER PRIMARY KEY,
  access_id TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  consumer TEXT NOT NULL,
  product TEXT NOT NULL,
  purpose TEXT NOT NULL,
  items TEXT NOT NULL,
  state TEXT NOT NULL,
  acked INTEGER NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS accesses_access ON accesses (access_id);
CREATE TABLE IF NOT EXISTS flows (
  position INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  op TEXT NOT NULL,
  consumer TEXT NOT NULL,
  product TEXT NOT NULL,
  purpose TEXT NOT NULL,
  items TEXT NOT NULL,
  outcome TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  access_id TEXT NOT NULL,
  subject TEXT NOT NULL
);
