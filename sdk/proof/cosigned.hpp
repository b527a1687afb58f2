// How many witnesses stand behind a receipt: by co-signatures of its own head, or of another head
// of the same ledger that has the transaction in it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/proof/witness.hpp"

namespace qc::proof {

/// A member whose key the checker knows by a way of its own. One member may have several keys.
struct TrustedWitness {
  std::string name;
  crypto::PublicKey key;
};

/// A co-signature with the host's own signature over the same, as hosts keep and show them.
struct CosignedHead {
  std::string cosignature, head;  ///< JWS
};

/// What a host says of two sizes of its log (`GET /v1/heads/consistency`).
struct Consistency {
  std::uint64_t from = 0, to = 0;
  std::optional<Hash32> from_root;  ///< the log's root at size `from`
  std::vector<Hash32> path;
};
/// Error: "proof.invalid" with the field.
Result<Consistency> consistency_from_json(const Json& json);

/// What the checker brings beside the receipt.
struct WitnessEvidence {
  std::vector<TrustedWitness> trusted;
  std::vector<CosignedHead> heads;
  std::vector<Consistency> consistency;
};

/// What one co-signature is worth for the receipt.
struct WitnessWord {
  std::string witness;     ///< name as trusted, or "" for an unknown key
  std::string kid;         ///< as the co-signature says
  std::uint64_t size = 0;  ///< of the head, 0 when it could not be read
  /// "" when it counts. Else "head.*", "verify.unknown_key" (no trusted member's),
  /// "verify.wrong_head" (the host's signature is over something else), "verify.earlier_head" (the
  /// transaction came after it), "verify.unproven" (a proof of consistency is missing),
  /// "proof.inconsistent" (one is there and does not hold).
  std::string code;
  std::string why;
};
struct WitnessedReceipt {
  std::vector<WitnessWord> words;   ///< in the order of the evidence
  std::set<std::string> witnesses;  ///< who has co-signed the transaction's being in the ledger
  /// The receipt's head and a co-signed one, when the host's own signatures contradict each other.
  std::optional<HeadConflict> fork;
};
/// `receipt` must have passed verify_receipt() with this host and chain. Co-signatures that do not
/// count are no error: whoever hands over a file could put them there. Errors: "head.*" (the
/// receipt's own head). Any thread.
Result<WitnessedReceipt> weigh_witnesses(const Receipt& receipt, const WitnessEvidence& evidence,
                                         const crypto::PublicKey& host, std::string_view chain);

}  // namespace qc::proof
