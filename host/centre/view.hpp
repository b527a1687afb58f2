// The database behind the view: opened, migrated, and proved to belong to this ledger.
#pragma once

#include <filesystem>
#include <memory>

#include "host/centre/projection.hpp"
#include "host/chain/ledger.hpp"
#include "host/database/database.hpp"

namespace qc::centre {

struct OpenView {
  std::unique_ptr<database::Connection> connection;
  ViewPosition at;
};

/// Connects, migrates and compares the stored position with the ledger. A view of another chain,
/// one ahead of the ledger, or one whose last transaction is not the ledger's is emptied; a damaged
/// SQLite file is removed and made again. Both are logged: the ledger is the truth.
/// Errors: the connection's, "migration.*", "ledger.*".
Result<OpenView> open_view(const database::Location& location,
                           const std::filesystem::path& migrations, const chain::Ledger& ledger);

/// Why the view at `at` cannot be continued on `ledger`; "" when it can. Errors: "ledger.*".
Result<std::string> misfit(const ViewPosition& at, const chain::Ledger& ledger);

}  // namespace qc::centre
