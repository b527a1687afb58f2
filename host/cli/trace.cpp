#include "host/cli/trace.hpp"

#include "host/cli/directory.hpp"
#include "host/cli/show.hpp"
#include "sdk/proof/completeness.hpp"

namespace qc::cli {
namespace {

// New events may come in between the two fetches; then both are fetched again.
constexpr int kAttempts = 4;

/// Keys of everyone whose signatures can be checked here.
Result<std::vector<crypto::PublicKey>> known_keys(client::Client& client,
                                                  const std::string& account) {
  std::vector<crypto::PublicKey> keys = {client.host_key()};
  QC_ASSIGN(const Directory directory, Directory::fetch(client));
  for (crypto::PublicKey& key : directory.keys()) keys.push_back(std::move(key));
  QC_ASSIGN(const Json own, client.get("/v1/accounts/" + account));
  for (crypto::PublicKey& key : keys_in(own)) keys.push_back(std::move(key));
  return keys;
}

Status check_signature(TraceEvent& event, const std::vector<crypto::PublicKey>& keys) {
  for (const crypto::PublicKey& key : keys) {
    if (key.kid() != event.proved.tx.kid) continue;
    if (!proof::verify_transaction(event.proved.tx, key).ok()) {
      return invalid("verify.bad_signature", "a transaction in the trace is not signed by its key",
                     event.proved.tx.id_hex());
    }
    event.signature_checked = true;
    return {};
  }
  return {};
}

Result<std::vector<TraceEvent>> checked_events(client::Client& client, const Json& answer,
                                               const std::vector<crypto::PublicKey>& keys) {
  QC_ASSIGN(const Json list, array_of(answer, "events"));
  std::vector<TraceEvent> events;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonReader reader(list[i], "events[" + std::to_string(i) + "]");
    QC_ASSIGN(const std::string bytes, reader.text("transaction", proof::kMaxTxBytes));
    QC_ASSIGN(const std::string id, reader.text("tx", 64));
    QC_ASSIGN(const Json* receipt, reader.object("receipt"));
    QC_ASSIGN(Proved proved, check_transaction(client, bytes, *receipt));
    if (proved.tx.id_hex() != id) {
      return invalid("verify.wrong_transaction", "an event's id is not its transaction's",
                     reader.field("tx"));
    }
    TraceEvent event{std::move(proved)};
    event.time_ms = list[i].value("time_ms", std::int64_t{0});
    event.actor = text_of(list[i], "actor");
    event.summary = list[i].value("summary", Json::object());
    QC_TRY(check_signature(event, keys));
    events.push_back(std::move(event));
  }
  return events;
}

/// Holds the events shown against the host's list of all, and that list against the signed map.
/// Returns false when the list has another length: something happened in between.
Result<bool> check_complete(client::Client& client, VerifiedTrace& trace) {
  QC_ASSIGN(trace.completeness, client.get("/v1/subjects/" + trace.account + "/completeness"));
  QC_ASSIGN(const proof::Completeness shown, proof::completeness_from_json(trace.completeness));
  if (shown.events.size() != trace.events.size()) return false;
  QC_ASSIGN(const proof::TreeHead head,
            proof::verify_completeness(shown, client.host_key(), client.chain()));
  for (std::size_t i = 0; i < shown.events.size(); ++i) {
    const Proved& proved = trace.events[i].proved;
    if (shown.account != trace.account || proved.tx.id != shown.events[i].tx ||
        proved.receipt.index != shown.events[i].index) {
      return invalid("verify.incomplete", "the events shown are not those that the ledger has");
    }
  }
  trace.complete_size = head.size;
  return true;
}

}  // namespace

Result<VerifiedTrace> fetch_trace(client::Client& client, const std::string& account,
                                  const ReceiptFolder& receipts) {
  QC_ASSIGN(const std::vector<crypto::PublicKey> keys, known_keys(client, account));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    VerifiedTrace trace;
    trace.account = account;
    QC_ASSIGN(const Json answer, client.get("/v1/subjects/" + account + "/trace"));
    QC_ASSIGN(trace.events, checked_events(client, answer, keys));
    QC_ASSIGN(const bool settled, check_complete(client, trace));
    if (!settled) continue;
    for (const TraceEvent& event : trace.events) QC_TRY(receipts.keep(event.proved));
    QC_TRY(receipts.keep_completeness(trace.completeness));
    return trace;
  }
  return invalid("verify.incomplete", "the trace and the completeness proof differ in length");
}

Output trace_output(const VerifiedTrace& trace) {
  Output output;
  Json events = Json::array();
  std::size_t signatures = 0;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const TraceEvent& event = trace.events[i];
    signatures += event.signature_checked ? 1 : 0;
    events.push_back({{"n", i + 1},
                      {"index", event.proved.receipt.index},
                      {"tx", event.proved.tx.id_hex()},
                      {"op", event.proved.tx.op},
                      {"time_ms", event.time_ms},
                      {"actor", event.actor},
                      {"summary", event.summary},
                      {"receipt_verified", true},
                      {"signature_verified", event.signature_checked}});
    std::string code = text_of(event.summary, "code");
    if (code.empty()) code = text_of(event.summary, "outcome");
    if (code.empty()) code = text_of(event.summary, "item");
    output.text += "  " + padded(std::to_string(i + 1), 4) + "#" +
                   padded(std::to_string(event.proved.receipt.index), 6) +
                   time_text(event.time_ms / 1000) + "  " +
                   padded(operation(event.proved.tx.op), 34) + padded(event.actor, 12) +
                   padded(code, 22) + "✓\n";
  }
  output.json = {{"account", trace.account},
                 {"events", events},
                 {"receipts_verified", trace.events.size()},
                 {"signatures_verified", signatures},
                 {"complete", true},
                 {"complete_size", trace.complete_size}};
  output.text += "✓ " + std::to_string(trace.events.size()) +
                 " 项存证已验证,无遗漏 receipts verified, none left out (账本 ledger size " +
                 std::to_string(trace.complete_size) + ")\n";
  return output;
}

}  // namespace qc::cli
