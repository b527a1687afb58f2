#include "sdk/proof/completeness.hpp"

namespace qc::proof {
namespace {

constexpr std::size_t kMaxEvents = 10'000'000;

SubjectValue value_of_events(const std::vector<SubjectEvent>& events) {
  SubjectValue value;
  for (const SubjectEvent& event : events) {
    value.head = next_event_head(value.head, event.tx, event.index);
    ++value.count;
  }
  return value;
}

Result<Completeness> read_completeness(const Json& json) {
  const JsonReader reader(json);
  QC_TRY(reader.expect_only({"account", "count", "head_hash", "events", "proof", "head"}));
  Completeness out;
  QC_ASSIGN(out.account, reader.text("account", 64));
  QC_ASSIGN(out.head, reader.text("head", 4096));
  QC_ASSIGN(const Json* events, reader.array("events", kMaxEvents));
  for (std::size_t i = 0; i < events->size(); ++i) {
    const JsonReader event((*events)[i], "events[" + std::to_string(i) + "]");
    QC_TRY(event.expect_only({"index", "tx"}));
    QC_ASSIGN(const std::int64_t index, event.integer("index", 0, INT64_MAX));
    QC_ASSIGN(const std::string tx, event.text("tx", 64, 64));
    const auto id = hash_from_hex(tx);
    if (!id) return id.error().at(event.field("tx"));
    out.events.push_back({static_cast<std::uint64_t>(index), *id});
  }
  QC_ASSIGN(const Json* proof, reader.object("proof"));
  QC_ASSIGN(out.proof, map_proof_from_json(*proof));
  // What the answer says of the list must be so, though nothing rests on it.
  const SubjectValue value = value_of_events(out.events);
  QC_ASSIGN(const std::int64_t count, reader.integer("count", 0, INT64_MAX));
  if (static_cast<std::uint64_t>(count) != value.count) {
    return invalid("proof.invalid", "another number of events than it says", "count");
  }
  QC_ASSIGN(const std::string head_hash, reader.text("head_hash", 64, 64));
  if (head_hash != to_hex(value.head)) {
    return invalid("proof.invalid", "not the hash of the events shown", "head_hash");
  }
  return out;
}

}  // namespace

Result<Completeness> completeness_from_json(const Json& json) {
  auto read = read_completeness(json);
  if (read || read.error().code == "proof.invalid") return read;
  return invalid("proof.invalid", read.error().message, read.error().field);
}

Result<TreeHead> verify_completeness(const Completeness& shown, const crypto::PublicKey& host,
                                     std::string_view chain) {
  QC_ASSIGN(TreeHead head, open_head(shown.head, host, chain));
  for (std::size_t i = 0; i < shown.events.size(); ++i) {
    if (shown.events[i].index >= head.size ||
        (i > 0 && shown.events[i].index <= shown.events[i - 1].index)) {
      return invalid("proof.incomplete", "the events are not in the ledger's order",
                     "events[" + std::to_string(i) + "]");
    }
  }
  const SubjectValue value = value_of_events(shown.events);
  const auto held = verify_map(head.subject_root, subject_key(shown.account),
                               value.count > 0 ? std::optional(value) : std::nullopt, shown.proof);
  if (!held) {
    return invalid("proof.incomplete",
                   "the events shown are not all the ledger has: " + held.error().message);
  }
  return head;
}

}  // namespace qc::proof
