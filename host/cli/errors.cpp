#include "host/cli/errors.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace qc::cli {
namespace {

/// Failures of signatures, proofs and commitments found on this side.
bool is_verification_failure(std::string_view code) {
  constexpr std::array<std::string_view, 9> kPrefixes = {
      "receipt.", "head.",  "proof.",                         // sdk/proof
      "sdjwt.",   "jws.",   "jwe.",                           // sdk/crypto
      "verify.",  "audit.", "client.bad_response_signature",  // this program, sdk/client
  };
  constexpr std::array<std::string_view, 4> kCodes = {
      "client.wrong_chain", "client.wrong_host_key",    // the host is another
      "snapshot.damaged", "ledger.snapshot_mismatch"};  // a copy that is not what it says
  if (std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end()) return true;
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [code](std::string_view prefix) { return code.starts_with(prefix); });
}

}  // namespace

Exit exit_of(const Error& error) {
  const auto starts = [&error](std::string_view prefix) { return error.code.starts_with(prefix); };
  if (starts("usage.")) return kUsage;
  if (error.code == "client.unreachable") return kUnreachable;
  constexpr std::array<std::string_view, 3> kForks = {"witness.fork", "witness.rolled_back",
                                                      "witness.unproven"};
  if (std::find(kForks.begin(), kForks.end(), error.code) != kForks.end()) return kForked;
  if (is_verification_failure(error.code)) return kUnverified;
  constexpr std::array<std::string_view, 9> kLocalCodes = {
      "file.",    "keystore.", "key.",
      "profile.", "wallet.",   "city.",
      "package.", "evidence.", "witness.state_invalid"};
  // What the host refused carries a side or a status of its own; only our own checks use these.
  if (std::any_of(kLocalCodes.begin(), kLocalCodes.end(), starts)) return kLocal;
  return kRefused;
}

Json problem_of(const Error& error) {
  constexpr std::array<const char*, 3> kSides = {"client", "provider", "platform"};
  return {{"type", "urn:quancheng:problem:" + error.code},
          {"code", error.code},
          {"detail", error.message},
          {"field", error.field},
          {"side", kSides[static_cast<std::size_t>(error.side)]},
          {"retryable", error.retryable},
          {"txn_id", error.txn_id}};
}

std::string line_of(const Error& error) {
  std::string line = error.code + ": " + error.message;
  if (!error.field.empty()) line += " (" + error.field + ")";
  return line;
}

}  // namespace qc::cli
