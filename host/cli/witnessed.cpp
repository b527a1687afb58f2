#include "host/cli/witnessed.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "host/chain/witnesses.hpp"
#include "host/cli/session.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxWitnessedBytes = 1U << 28U;
constexpr std::size_t kMaxShownWitnesses = 256;

std::string consistency_path(std::uint64_t from, std::uint64_t to) {
  return "/v1/heads/consistency?from=" + std::to_string(from) + "&to=" + std::to_string(to);
}

/// The answer of GET /v1/heads/latest.
Status read_shown(const Json& json, std::vector<proof::CosignedHead>& heads) {
  const JsonReader reader(json);
  QC_TRY(reader.expect_only({"head", "witnesses"}));
  QC_ASSIGN(const Json* list, reader.array("witnesses", kMaxShownWitnesses));
  for (const Json& entry : *list) {
    if (!entry.is_object()) return invalid("json.wrong_type", "expected an object", "witnesses");
    const JsonReader one(entry, "witnesses");
    proof::CosignedHead head;
    QC_ASSIGN(head.cosignature, one.text("cosignature", 4096));
    QC_ASSIGN(head.head, one.text("head", 4096));
    heads.push_back(std::move(head));
  }
  return {};
}

Status read_document_of(const Json& json, proof::WitnessEvidence& evidence) {
  if (json.contains("witnesses")) return read_shown(json, evidence.heads);
  QC_ASSIGN(proof::Consistency said, proof::consistency_from_json(json));
  evidence.consistency.push_back(std::move(said));
  return {};
}

Status read_one(const fs::path& path, proof::WitnessEvidence& evidence) {
  QC_ASSIGN(const std::string text, read_file(path, kMaxWitnessedBytes));
  if (const auto json = parse_json(text); json.ok() && !json->contains("cosignature")) {
    const Status read = read_document_of(*json, evidence);
    return read.ok() ? read : invalid("file.invalid", read.error().message, path.string());
  }
  chain::WitnessedFile file = chain::parse_witnessed(text);
  if (!file.defect.empty()) return invalid("file.invalid", file.defect, path.string());
  for (chain::WitnessedLine& line : file.lines) {
    evidence.heads.push_back({std::move(line.cosignature), std::move(line.head)});
  }
  return {};
}

}  // namespace

Result<proof::Consistency> fetch_consistency(client::Client& client, std::uint64_t from,
                                             std::uint64_t to) {
  QC_ASSIGN(const Json answer, client.get(consistency_path(from, to)));
  return proof::consistency_from_json(answer);
}

Result<FetchedWitnesses> fetch_witnessed(client::Client& client,
                                         const std::vector<WantedWitnesses>& receipts,
                                         const fs::path& folder) {
  QC_ASSIGN(const Json shown, client.get("/v1/heads/latest"));
  std::vector<proof::CosignedHead> heads;
  QC_TRY(read_shown(shown, heads));
  std::set<std::uint64_t> sizes;
  for (const proof::CosignedHead& one : heads) {
    QC_ASSIGN(const proof::TreeHead head,
              proof::open_head(one.head, client.host_key(), client.chain()));
    sizes.insert(head.size);
  }
  QC_TRY(make_private_directory(folder));
  QC_TRY(write_file(folder / "heads.json", shown.dump(2) + "\n", FileMode::kPublic));
  std::set<std::pair<std::uint64_t, std::uint64_t>> pairs;
  for (const WantedWitnesses& receipt : receipts) {
    for (const std::uint64_t size : sizes) {
      if (size > receipt.index && size != receipt.size) {
        pairs.insert(std::minmax(size, receipt.size));
      }
    }
  }
  for (const auto& [from, to] : pairs) {
    QC_ASSIGN(const Json answer, client.get(consistency_path(from, to)));
    const std::string name =
        "consistency-" + std::to_string(from) + "-" + std::to_string(to) + ".json";
    QC_TRY(write_file(folder / name, answer.dump(2) + "\n", FileMode::kPublic));
  }
  return FetchedWitnesses{heads.size(), pairs.size()};
}

Status read_witnessed(const fs::path& path, proof::WitnessEvidence& evidence) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return read_one(path, evidence);
  std::set<fs::path> files;  // in order, so that what is said is said the same way twice
  for (fs::directory_iterator it(path, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (extension == ".json" || extension == ".witnessed") files.insert(it->path());
  }
  if (error) return unavailable("file.io", path.string() + ": " + error.message());
  for (const fs::path& file : files) QC_TRY(read_one(file, evidence));
  return {};
}

Result<std::vector<proof::TrustedWitness>> read_trusted(const std::vector<std::string>& files) {
  std::vector<proof::TrustedWitness> out;
  std::map<std::string, std::string> names;  // by kid
  for (const std::string& file : files) {
    QC_ASSIGN(const Json document, read_document(file));
    const bool described = document.is_object() && document.contains("jwk");
    auto key = crypto::PublicKey::from_jwk(described ? document.at("jwk") : document);
    if (!key.ok()) return key.error().at(file);
    const std::string name = described ? text_of(document, "account") : key->kid();
    if (name.empty()) return invalid("file.invalid", "it does not say whose key it is", file);
    const auto [known, added] = names.emplace(key->kid(), name);
    if (!added && known->second != name) {
      return invalid("usage.invalid", "the same key as " + known->second + "'s", file);
    }
    if (added) out.push_back({name, std::move(key).value()});
  }
  return out;
}

}  // namespace qc::cli
