// What one transaction means for the tables of the view.
#pragma once

#include <vector>

#include "host/chain/ledger.hpp"
#include "host/database/database.hpp"

namespace qc::centre {

/// Where the view stands: everything below `position` is in it.
struct ViewPosition {
  std::string chain;
  std::uint64_t position = 0;
  std::string tx_id;  ///< of the transaction at position - 1; "" when position is 0
  bool operator==(const ViewPosition&) const = default;
};

/// Nullopt when the view has never been started. Errors: the connection's.
Result<std::optional<ViewPosition>> read_position(database::Connection& connection);

/// Empties every table and starts the view of `chain` at position 0, in one transaction.
Status reset_view(database::Connection& connection, const std::string& chain);

/// Applies transactions that follow `at` without a gap, in one SQL transaction together with the
/// new position: exactly once, whatever happens in between. On success `at` has moved.
/// Errors: "view.contended" (somebody else moved this view), "view.inconsistent" (a row that an
/// earlier transaction made is missing), and the connection's.
Status apply_batch(database::Connection& connection, ViewPosition& at,
                   const std::vector<chain::Published>& batch);

/// Names of the tables that the ledger fills, without projection_position.
const std::vector<std::string>& view_tables();

}  // namespace qc::centre
