// Any JSON as evidence of a fork and as an answer about consistency: refused with its code, or what
// it says is judged without trouble; nothing is proven without the host's key.
#include <cstdlib>

#include "sdk/proof/cosigned.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto kHost = qc::crypto::PrivateKey::generate();
  qc::proof::WitnessEvidence evidence{{{"w", kHost.public_key()}}, {{std::string(text), ""}}, {}};
  if (const auto json = qc::parse_json(text)) {
    if (const auto read = qc::proof::evidence_from_json(*json)) {
      if (qc::proof::judge(read->conflict, kHost.public_key(), read->chain)) std::abort();
    } else if (read.error().code != "evidence.invalid") {
      std::abort();
    }
    if (auto said = qc::proof::consistency_from_json(*json)) {
      if (said->from == 0 || said->from > said->to) std::abort();
      (void)qc::proof::verify_consistency(said->from, *said->from_root, said->to, {}, said->path);
      evidence.consistency.push_back(*std::move(said));
    } else if (said.error().code != "proof.invalid") {
      std::abort();
    }
  }
  static const std::string kHead = qc::proof::sign_head({"net", 5, {}, {}, 1}, kHost);
  evidence.heads.push_back({std::string(text), kHead});
  const qc::proof::Receipt receipt{std::string(64, '0'), 3, 5, {}, kHead};
  const auto weighed = qc::proof::weigh_witnesses(receipt, evidence, kHost.public_key(), "net");
  if (!weighed || !weighed->witnesses.empty() || weighed->fork) std::abort();
  return 0;
}
