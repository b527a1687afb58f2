-- Who acts for whom, and which grants were given so. The view is filled anew from the ledger.
CREATE TABLE IF NOT EXISTS mandates (
  position INTEGER PRIMARY KEY,
  mandate TEXT NOT NULL,
  parent TEXT NOT NULL,
  subject TEXT NOT NULL,
  holder TEXT NOT NULL,
  role TEXT NOT NULL,
  cosign INTEGER NOT NULL,
  state TEXT NOT NULL,
  state_position INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS mandates_mandate ON mandates (mandate);
CREATE INDEX IF NOT EXISTS mandates_subject ON mandates (subject);
CREATE TABLE IF NOT EXISTS grant_actors (
  position INTEGER PRIMARY KEY,
  grant_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  mandate TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS grant_actors_actor ON grant_actors (actor);
CREATE INDEX IF NOT EXISTS grant_actors_mandate ON grant_actors (mandate);
DELETE FROM projection_position;
