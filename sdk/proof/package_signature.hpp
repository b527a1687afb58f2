// A publisher's signature over a plugin package (docs/formats.md, Plugin).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::proof {

/// What a publisher signs: the whole manifest, which holds the library's digest.
struct PackageClaim {
  std::string chain;      ///< of the network for which the package is made
  std::string publisher;  ///< the account of the department or consumer that answers for it
  Json manifest;
};

inline constexpr std::size_t kMaxPackageSignatureBytes = 32U << 10U;
/// The name of the file beside manifest.json.
inline constexpr std::string_view kPackageSignatureFile = "publisher.jws";

/// JWS, typ `qc-plugin+jws`, over {"v":1,"chain","publisher","manifest"}. Any thread.
std::string sign_package(const crypto::PrivateKey& key, const PackageClaim& claim);

/// What a manifest asks to be granted, as the capabilities of an admission name it: its
/// "capabilities", "outbound:<address>" for each of its "outbound_hosts", "library:<name>" for each
/// of its "libraries". Members of another form ask for nothing. Any thread.
std::vector<std::string> asked_capabilities(const Json& manifest);

/// The kid that the signature names, unverified; "" for what is no JWS. Any thread.
std::string package_signer(std::string_view compact);

/// Error: "plugin.bad_signature" (another key's, altered, not in form). Any thread.
Result<PackageClaim> open_package(std::string_view compact, const crypto::PublicKey& key);

}  // namespace qc::proof
