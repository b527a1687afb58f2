// Data resource centre 数据资源管理中心: members, catalogue and statistics, as a SQL view of the
// ledger.
#pragma once

#include <memory>
#include <string>

#include "host/chain/ledger.hpp"
#include "sdk/base/json.hpp"

namespace qc::centre {

struct CentreOptions {
  std::string url;             ///< "sqlite:<path>" or "mysql://user@host:port/database"
  std::string password_file;   ///< for mysql; file of mode 0600, or ""
  std::string migrations_dir;  ///< the folder sql/
};

/// Queries over the SQL view. Answers have the shapes in docs/formats.md. Any thread.
class Centre {
 public:
  /// Opens the database, migrates, replays what the view lacks, then follows the ledger. A view
  /// that belongs to another chain or is ahead of the ledger is dropped and rebuilt.
  static Result<std::unique_ptr<Centre>> open(const CentreOptions& options, chain::Ledger& ledger);
  virtual ~Centre() = default;

  virtual Result<Json> members() = 0;
  virtual Result<Json> member(const std::string& account) = 0;
  virtual Result<Json> items() = 0;
  virtual Result<Json> products() = 0;
  virtual Result<Json> statistics() = 0;
  /// Rows of the flow monitor with index > after, oldest first, at most `limit`.
  virtual Result<Json> flows(std::uint64_t after, std::size_t limit) = 0;
  /// {"position","ledger_size","backend","healthy","reason"}; never blocks on the database.
  virtual Json status() = 0;
  /// Waits until the view has applied everything below `size`. Error: "view.timeout".
  virtual Status wait_for(std::uint64_t size, int timeout_ms) = 0;
};

}  // namespace qc::centre
