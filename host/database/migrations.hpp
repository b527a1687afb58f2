// Numbered migrations: each is applied once, and what was applied stays as it was.
#pragma once

#include <filesystem>

#include "host/database/database.hpp"

namespace qc::database {

struct Migrated {
  int version = 0;  ///< number of the last migration applied, now or earlier
  int applied = 0;  ///< how many were applied now
};

/// Applies `directory`/<dialect>/NNN_name.sql in order, from 001 without a gap, and records number,
/// name and SM3 of each in the table schema_migrations. A migration may be run again after a crash
/// in its middle (DDL commits by itself on MySQL): it must be written so that it can be.
/// Errors: "migration.unreadable" (folder or file), "migration.bad_name", "migration.changed" (an
/// applied file is not what it was, or is missing: restore it, or start an empty database),
/// "migration.failed", and the connection's errors.
Result<Migrated> migrate(Connection& connection, const std::filesystem::path& directory);

}  // namespace qc::database
