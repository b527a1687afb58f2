// Any JSON as a map proof: refused, or the same after another round; checking it always ends.
#include <cstdlib>

#include "sdk/proof/subject_map.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = qc::parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto proof = qc::proof::map_proof_from_json(*json);
  if (!proof) {
    if (proof.error().code != "proof.invalid") std::abort();
    return 0;
  }
  if (qc::proof::to_json(*proof) != *json) std::abort();
  const qc::Hash32 key = qc::proof::subject_key("p-1");
  (void)qc::proof::verify_map({}, key, std::nullopt, *proof);
  (void)qc::proof::verify_map({}, key, qc::proof::SubjectValue{1, {}}, *proof);
  return 0;
}
