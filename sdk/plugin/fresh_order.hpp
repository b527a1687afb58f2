// Internal: the "issue_fresh" message (docs/formats.md, Fresh issue): what a department is asked to
// issue for one access under a standing grant, judged here and not by the host.
#pragma once

#include "sdk/plugin/context.hpp"
#include "sdk/plugin/handle.hpp"
#include "sdk/proof/fresh_issue.hpp"

namespace qc::plugin {

/// A message after everything in it was checked. Points into the description.
struct FreshOrder {
  const Item* item = nullptr;
  std::vector<std::string> fields;  ///< granted and accessed, in the order of the dictionary
  std::string id_no;
  proof::FreshTerms terms;
  crypto::PublicKey recipient;  ///< the grant's key
  std::int64_t until_s = 0;     ///< end of the grant's validity
  std::int64_t opened_s = 0;    ///< when the access was signed, as its signer says
};

/// Checks: the handle is this department's; the grant is on the ledger, signed, standing, valid
/// now, about the handle's subject and asset; where the subject gave it in its own name, with the
/// key that it proved here. The access is on the ledger behind it, recent, by that consumer, and
/// opens all granted fields of the item. Errors: "issue.…" naming the field, "receipt.…", "head.…",
/// "tx.…", "json.…".
Result<FreshOrder> read_fresh_order(const Own& own, const Json& message, std::int64_t now_s);

/// Credential, ciphertext and statement: {"jwe","statement"}.
Result<Json> seal_fresh(const Own& own, const FreshOrder& order, const Json& fields,
                        const proof::FreshTimes& times);

}  // namespace qc::plugin
