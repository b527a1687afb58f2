// Snapshots: the host says what the state was at the end of a batch, so that who starts from a copy
// of the state can hold it against the ledger. In two steps, because the state takes time to
// digest: the first names the batch, the second the digest.
#include "host/chain/rules_internal.hpp"

namespace qc::chain::rules {
namespace {

constexpr const char* kBegun = "snapshot_begun";

}  // namespace

Result<Effect> snapshot_begin(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"snapshot"}));
  QC_ASSIGN(const std::string id, read_id(body, "snapshot"));
  if (call.state.find("snapshot/" + id)) {
    return conflict("snapshot.exists", "this identifier was used before").at("body.snapshot");
  }
  call.state.put("snapshot/" + id, call.created({{"snapshot", id}, {"state", "BEGUN"}}));
  call.state.put(kBegun, Json(id));
  return call.effect();
}

Result<Effect> snapshot_state(const Call& call) {
  constexpr std::size_t kFormatBytes = 16;
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"snapshot", "size", "format", "digest"}));
  QC_ASSIGN(const std::string id, read_id(body, "snapshot"));
  QC_ASSIGN(const std::int64_t size, body.integer("size", 1, INT64_MAX));
  QC_ASSIGN(const std::string format, body.text("format", kFormatBytes));
  QC_ASSIGN(const std::string digest, read_digest(body, "digest"));
  QC_ASSIGN(Json snapshot,
            must_get(call.state, "snapshot/" + id, "snapshot.not_found", "body.snapshot"));
  const Document begun = call.state.find(kBegun);
  if (!begun || *begun != id) {
    return conflict("snapshot.wrong_state", "it was stated, or another was begun since")
        .at("body.snapshot");
  }
  // Where that batch ended is not for a rule to know; the audit does.
  if (size <= number_of(snapshot, "index") ||
      size > static_cast<std::int64_t>(call.context.index)) {
    return invalid("snapshot.wrong_size", "not the end of the batch that began it", "body.size");
  }
  snapshot["state"] = "STATED";
  snapshot["size"] = size;
  snapshot["format"] = format;
  snapshot["digest"] = digest;
  call.state.put("snapshot/" + id, std::move(snapshot));
  call.state.erase(kBegun);
  return call.effect();
}

}  // namespace qc::chain::rules
