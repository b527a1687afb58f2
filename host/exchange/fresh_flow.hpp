// Under a standing grant: each access has its items issued afresh by their departments.
#pragma once

#include <map>

#include "host/exchange/context.hpp"

namespace qc::exchange {

/// An access that is durably on the ledger, and the grant that it names.
struct FreshAccess {
  const Json& grant;  ///< signed body
  const Json& items;  ///< [{item, fields}] as opened
  std::uint64_t grant_index = 0;
  std::string access;
  const proof::Transaction& open;
  const proof::Receipt& receipt;  ///< of it
};

/// What the departments issued, encrypted to the grant's key, and why an item is missing.
struct FreshIssues {
  std::vector<safebox::SealedPresentation> sealed;
  Json statements = Json::array();        ///< for access.release, one for each of `sealed`
  std::map<std::string, Error> failures;  ///< by item
};

/// Asks the department of each opened item, in their order. One whose plugin does not answer in
/// time is not waited for a second time. A department that answers something else than it was asked
/// is blamed, and nothing of its answer is used. Errors: the ledger's; what goes wrong with one
/// item is in `failures`.
Result<FreshIssues> issue_afresh(const Context& context, const FreshAccess& access);

}  // namespace qc::exchange
