#include "host/supervision/supervision.hpp"

#include "host/supervision/summary.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/receipt.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::supervision {
namespace {

// A bound on what one answer holds in memory: 64 KiB of transaction an event at the most.
constexpr std::size_t kMaxTraced = 10000;

class SupervisionImpl final : public Supervision {
 public:
  SupervisionImpl(chain::Ledger& ledger, centre::Centre& centre)
      : ledger_(ledger), centre_(centre) {}

  Result<Json> trace(const std::string& account) override {
    QC_ASSIGN(const chain::Ledger::SubjectEvents events, events_of(account));
    if (events.indexes.size() > kMaxTraced) {
      return Error{ErrorKind::kTooLarge, "trace.too_large",
                   "more than " + std::to_string(kMaxTraced) +
                       " events; read the completeness proof and the transactions it names"};
    }
    QC_ASSIGN(const std::vector<proof::Receipt> receipts, ledger_.receipts(events.indexes));
    std::vector<chain::StoredTx> stored;
    stored.reserve(events.indexes.size());
    for (const std::uint64_t index : events.indexes) {
      QC_ASSIGN(chain::StoredTx one, ledger_.transaction(index));
      stored.push_back(std::move(one));
    }
    Json list = Json::array();
    Status status;
    ledger_.read([&](const chain::StateReader& state) {
      for (std::size_t i = 0; i < stored.size() && status.ok(); ++i) {
        auto event = event_of(stored[i], receipts[i], state);
        if (!event.ok()) {
          status = event.error();
          break;
        }
        event.value()["n"] = i + 1;
        list.push_back(std::move(event).value());
      }
    });
    if (!status.ok()) return status.error();
    return Json{{"account", account}, {"events", std::move(list)}};
  }

  Result<Json> completeness(const std::string& account) override {
    QC_ASSIGN(const chain::Ledger::SubjectEvents events, events_of(account));
    Json list = Json::array();
    for (const std::uint64_t index : events.indexes) {
      QC_ASSIGN(const chain::StoredTx stored, ledger_.transaction(index));
      list.push_back({{"index", index}, {"tx", to_hex(crypto::sm3(stored.bytes))}});
    }
    return Json{{"account", account},
                {"count", events.value.count},
                {"head_hash", to_hex(events.value.head)},
                {"events", std::move(list)},
                {"proof", proof::to_json(events.proof)},
                {"head", events.head}};
  }

  Result<Json> flows(std::uint64_t after, std::size_t limit) override {
    return centre_.flows(after, limit);
  }

 private:
  Result<chain::Ledger::SubjectEvents> events_of(const std::string& account) const {
    QC_ASSIGN(chain::Ledger::SubjectEvents events, ledger_.subject_events(account));
    if (events.indexes.empty()) {
      return not_found("subject.not_found", "the ledger knows no such subject");
    }
    return events;
  }

  static Result<Json> event_of(const chain::StoredTx& stored, const proof::Receipt& receipt,
                               const chain::StateReader& state) {
    QC_ASSIGN(const proof::Transaction tx, proof::parse_transaction(stored.bytes));
    const auto actor = state.get("kid/" + tx.kid);
    return Json{{"index", stored.index},
                {"tx", tx.id_hex()},
                {"op", tx.op},
                {"time_ms", stored.time_ms},
                {"actor", actor && actor->is_string() ? *actor : Json("")},
                {"summary", summarise(tx, state)},
                {"transaction", stored.bytes},
                {"receipt", proof::to_json(receipt)}};
  }

  chain::Ledger& ledger_;
  centre::Centre& centre_;
};

}  // namespace

std::unique_ptr<Supervision> Supervision::create(chain::Ledger& ledger, centre::Centre& centre) {
  return std::make_unique<SupervisionImpl>(ledger, centre);
}

}  // namespace qc::supervision
