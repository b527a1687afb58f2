// Witnesses' co-signatures on this side: fetched from a host, kept as files, read for an offline
// check.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sdk/client/client.hpp"
#include "sdk/proof/cosigned.hpp"

namespace qc::cli {

/// GET /v1/heads/consistency, as it was answered; nothing is checked. Errors: "client.*", the
/// host's, "proof.invalid".
Result<proof::Consistency> fetch_consistency(client::Client& client, std::uint64_t from,
                                             std::uint64_t to);

/// A receipt that co-signatures are wanted for.
struct WantedWitnesses {
  std::uint64_t index = 0, size = 0;
};
struct FetchedWitnesses {
  std::size_t cosignatures = 0, proofs = 0;
};
/// Writes what the host shows of witnesses, and its proofs that their heads and those of the
/// receipts are of one ledger, into the folder: `heads.json`, `consistency-<from>-<to>.json`.
/// Errors: "client.*", the host's, "file.io".
Result<FetchedWitnesses> fetch_witnessed(client::Client& client,
                                         const std::vector<WantedWitnesses>& receipts,
                                         const std::filesystem::path& folder);

/// Adds what files hold: the answers of GET /v1/heads/latest and GET /v1/heads/consistency, lines
/// of a `.witnessed` file; of a folder, its `*.json` and `*.witnessed` files. Errors: "file.*".
Status read_witnessed(const std::filesystem::path& path, proof::WitnessEvidence& evidence);

/// Members' files, a description (with `account` and `jwk`) or a JWK alone, which is then called by
/// its kid. Errors: "file.*", "key.invalid", "usage.invalid" (one key under two names).
Result<std::vector<proof::TrustedWitness>> read_trusted(const std::vector<std::string>& files);

}  // namespace qc::cli
