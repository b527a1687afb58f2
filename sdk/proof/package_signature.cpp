#include "sdk/proof/package_signature.hpp"

#include <utility>

#include "sdk/crypto/jose.hpp"

namespace qc::proof {
namespace {

constexpr std::string_view kPackageTyp = "qc-plugin+jws";

Error wrong_package_signature(std::string message) {
  Error error = forbidden("plugin.bad_signature", std::move(message));
  error.side = Side::kProvider;
  return error;
}

Result<PackageClaim> read_claim(const std::string& payload) {
  QC_ASSIGN(const Json json, parse_json(payload));
  const JsonReader reader(json);
  QC_TRY(reader.expect_only({"v", "chain", "publisher", "manifest"}));
  QC_TRY(reader.integer("v", 1, 1));
  PackageClaim claim;
  QC_ASSIGN(claim.chain, reader.text("chain", 128));
  QC_ASSIGN(claim.publisher, reader.text("publisher", 64));
  QC_ASSIGN(const Json* manifest, reader.object("manifest"));
  claim.manifest = *manifest;
  return claim;
}

}  // namespace

std::string sign_package(const crypto::PrivateKey& key, const PackageClaim& claim) {
  const Json payload = {{"v", 1},
                        {"chain", claim.chain},
                        {"publisher", claim.publisher},
                        {"manifest", claim.manifest}};
  return crypto::jws_sign(key, payload.dump(), kPackageTyp);
}

std::vector<std::string> asked_capabilities(const Json& manifest) {
  constexpr std::pair<const char*, const char*> kMembers[] = {
      {"capabilities", ""}, {"outbound_hosts", "outbound:"}, {"libraries", "library:"}};
  std::vector<std::string> out;
  for (const auto& [name, prefix] : kMembers) {
    const auto list = manifest.find(name);
    if (list == manifest.end() || !list->is_array()) continue;
    for (const Json& entry : *list) {
      if (entry.is_string()) out.push_back(prefix + entry.get<std::string>());
    }
  }
  return out;
}

std::string package_signer(std::string_view compact) {
  const auto parsed = crypto::jws_parse(compact, kMaxPackageSignatureBytes);
  return parsed.ok() ? parsed->kid() : std::string();
}

Result<PackageClaim> open_package(std::string_view compact, const crypto::PublicKey& key) {
  const auto opened = crypto::jws_open(compact, key, kPackageTyp, kMaxPackageSignatureBytes);
  if (!opened.ok()) {
    return wrong_package_signature("the package's signature is not the publisher's: " +
                                   opened.error().message);
  }
  auto claim = read_claim(opened->payload);
  if (!claim.ok()) {
    return wrong_package_signature("the package's signature is not in form: " +
                                   claim.error().message + " at " + claim.error().field);
  }
  return claim;
}

}  // namespace qc::proof
