// Data resource centre 数据资源管理中心: members, catalogue and statistics, as a SQL view of the
// ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "host/chain/ledger.hpp"
#include "sdk/base/json.hpp"

namespace qc::centre {

struct CentreOptions {
  std::string url;                         ///< "sqlite:<path>" or "mysql://user@host:port/database"
  std::string password_file;               ///< for mysql; file of mode 0600, or ""
  std::string migrations_dir;              ///< the folder sql/
  std::function<std::int64_t()> clock_ms;  ///< empty: the system clock (tests inject)
};

/// Queries over the SQL view. Answers have the shapes in docs/formats.md and host/centre/README.md.
/// Errors: "view.unavailable" (kUnavailable, at once while the database is known to be away), else
/// as each function says. Thread contract: any thread; the ledger must outlive it.
class Centre {
 public:
  /// Opens the database, migrates, then replays in the background what the view lacks and follows
  /// the ledger. A view that belongs to another chain, is ahead of the ledger or shows another
  /// transaction at its position is dropped and rebuilt. A database that is away is retried, and
  /// the view catches up; the ledger never waits for it.
  /// Errors: "database.invalid_url", "database.password_file", "database.failed" (refused
  /// credentials, unknown database), "migration.*".
  static Result<std::unique_ptr<Centre>> open(const CentreOptions& options, chain::Ledger& ledger);
  virtual ~Centre() = default;

  virtual Result<Json> members() = 0;
  /// Error: "member.not_found".
  virtual Result<Json> member(const std::string& account) = 0;
  virtual Result<Json> items() = 0;
  virtual Result<Json> products() = 0;
  virtual Result<Json> statistics() = 0;
  /// Rows of the flow monitor with index > after, oldest first, at most `limit` (1..1000).
  virtual Result<Json> flows(std::uint64_t after, std::size_t limit) = 0;
  /// {"position","ledger_size","backend","healthy","reason"}; never blocks on the database.
  virtual Json status() = 0;
  /// Waits until the view has applied everything below `size`; does not wait for a database that is
  /// known to be away. Error: "view.timeout".
  virtual Status wait_for(std::uint64_t size, int timeout_ms) = 0;
};

}  // namespace qc::centre
