// Witnesses: members that co-sign tree heads which they have checked, and what they keep when a
// host contradicts itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/proof/receipt.hpp"

namespace qc::proof {

inline constexpr std::string_view kCosignatureTyp = "qc-cosignature+jws";

/// The witness's JWS over the very payload that the host signed. Error: "head.invalid".
Result<std::string> cosign_head(std::string_view head_jws, const crypto::PrivateKey& witness);
/// What the witness signed. Errors: as open_head().
Result<TreeHead> open_cosignature(std::string_view jws, const crypto::PublicKey& witness,
                                  std::string_view chain);

/// Whether two heads say the same: size, both roots, time.
bool same_statement(const TreeHead& a, const TreeHead& b);

/// Two heads by one host, `first` seen before `second`, and what the host says of the older size:
/// the log's root at the smaller head's size, with the path from it to the greater head.
struct HeadConflict {
  std::string first, second;  ///< JWS
  std::optional<Hash32> root;
  std::vector<Hash32> path;
};
enum class Contradiction {
  kNone,      ///< the two heads can be of one ledger, as far as this shows
  kSameSize,  ///< one size, two statements
  kPrefix,    ///< the greater tree begins otherwise than the smaller head says
  kTime,      ///< the longer ledger is the earlier one: something was taken back
};
struct ConflictVerdict {
  Contradiction contradiction = Contradiction::kNone;
  TreeHead first, second;
};
/// Whether the host's own signatures contradict each other: true for whoever trusts that the key is
/// the host's, and needs nothing else. Errors: "head.*".
Result<ConflictVerdict> judge(const HeadConflict& conflict, const crypto::PublicKey& host,
                              std::string_view chain);
/// "same_size", "prefix", "time", or "none".
std::string_view name_of(Contradiction contradiction);

/// {"v":1,"chain","host_jwk","first","second","root","path"}; `root` is "" where there is none.
Json to_json(const HeadConflict& conflict, const crypto::PublicKey& host, std::string_view chain);
/// Error: "evidence.invalid" with the field.
struct Evidence {
  std::string chain;
  crypto::PublicKey host;
  HeadConflict conflict;
};
Result<Evidence> evidence_from_json(const Json& json);

}  // namespace qc::proof
