// That a subject's events are all there are: the hash-linked list of them against the subject map
// in a signed tree head.
#pragma once

#include <string>
#include <vector>

#include "sdk/proof/receipt.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::proof {

struct SubjectEvent {
  std::uint64_t index = 0;
  Hash32 tx{};  ///< the transaction's id
};

/// What GET /v1/subjects/{account}/completeness answers.
struct Completeness {
  std::string account;
  std::vector<SubjectEvent> events;  ///< in the ledger's order
  MapProof proof;
  std::string head;  ///< JWS
};
/// Error: "proof.invalid" with the field.
Result<Completeness> completeness_from_json(const Json& json);

/// The head's size is the length of the ledger up to which no event about the account was left out.
/// Errors: "head.*", "proof.incomplete". Any thread.
Result<TreeHead> verify_completeness(const Completeness& shown, const crypto::PublicKey& host,
                                     std::string_view chain);

}  // namespace qc::proof
