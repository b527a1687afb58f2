#include "host/centre/view.hpp"

#include <system_error>

#include <spdlog/spdlog.h>

#include "host/database/migrations.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::centre {
namespace {

using database::Connection;
using database::Location;

Result<std::unique_ptr<Connection>> connect_and_migrate(const Location& location,
                                                        const std::filesystem::path& migrations) {
  QC_ASSIGN(auto connection, database::connect(location));
  QC_TRY(database::migrate(*connection, migrations));
  return connection;
}

/// The file holds nothing that the ledger does not: it can go.
void remove_sqlite(const std::filesystem::path& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(file.string() + suffix, ignored);
  }
}

}  // namespace

Result<std::string> misfit(const ViewPosition& at, const chain::Ledger& ledger) {
  if (at.chain != ledger.chain()) return "it shows the network " + at.chain;
  if (at.position > ledger.size()) {
    return "it is at " + std::to_string(at.position) + ", ahead of the ledger's " +
           std::to_string(ledger.size());
  }
  if (at.position == 0) return std::string();
  QC_ASSIGN(const chain::StoredTx last, ledger.transaction(at.position - 1));
  if (to_hex(crypto::sm3(last.bytes)) != at.tx_id) {
    return "its transaction " + std::to_string(at.position - 1) + " is not the ledger's";
  }
  return std::string();
}

Result<OpenView> open_view(const Location& location, const std::filesystem::path& migrations,
                           const chain::Ledger& ledger) {
  auto connection = connect_and_migrate(location, migrations);
  if (!connection.ok() && connection.error().code == "database.corrupt") {
    spdlog::warn("view {}: damaged ({}); made again from the ledger", location.display(),
                 connection.error().message);
    remove_sqlite(location.sqlite.file);
    connection = connect_and_migrate(location, migrations);
  }
  if (!connection.ok()) return connection.error();
  OpenView view{std::move(connection).value(), {ledger.chain(), 0, ""}};
  QC_ASSIGN(const auto stored, read_position(*view.connection));
  if (stored) {
    QC_ASSIGN(const std::string why, misfit(*stored, ledger));
    if (why.empty()) {
      view.at = *stored;
      return view;
    }
    spdlog::warn("view {}: {}; dropped and rebuilt from the ledger", location.display(), why);
  }
  QC_TRY(reset_view(*view.connection, ledger.chain()));
  return view;
}

}  // namespace qc::centre
