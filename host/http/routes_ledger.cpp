#include <array>

#include "host/http/route.hpp"

namespace qc::http {
namespace {

/// Parties of a transaction: who signed it, whom it names, and both sides of the request, grant,
/// access or asset that it is about. Operator and regulators see all; nothing holds a value.
bool may_see(const chain::StateReader& state, const Caller& caller, const std::string& bytes) {
  if (caller.kind == "operator" || caller.kind == "regulator") return true;
  const auto tx = proof::parse_transaction(bytes);
  if (!tx.ok()) return false;
  // Its own, also those of a key that another one has replaced since.
  const auto signer = state.get("kid/" + tx->kid);
  if (signer && *signer == caller.account) return true;
  for (const char* name : {"subject", "account", "holder", "enterprise", "guardian", "ward"}) {
    if (text_of(tx->body, name) == caller.account) return true;
  }
  for (const char* family : {"request", "grant", "access", "asset"}) {
    const std::string id = text_of(tx->body, family);
    const std::string key = "of/" + caller.account + "/" + family + "/" + id;
    if (!id.empty() && state.get(key)) return true;
  }
  return false;
}

Result<Answer> get_transaction(const Call& call) {
  const chain::Ledger& ledger = call.services.ledger;
  auto id = hash_from_hex(call.param("id"));
  if (!id.ok()) return id.error().at("id");
  QC_ASSIGN(const chain::StoredTx stored, ledger.transaction(*id));
  bool visible = false;
  ledger.read([&](const chain::StateReader& state) {
    visible = may_see(state, call.caller, stored.bytes);
  });
  // The same answer as for an id that does not exist: strangers learn nothing.
  if (!visible) return not_found("tx.not_found", "no such transaction that concerns this account");
  QC_ASSIGN(const proof::Receipt receipt, ledger.receipt(stored.index));
  Json witnessed = Json::array();
  for (chain::Cosignature& one : call.services.witnesses.newest()) {
    if (one.size <= stored.index) continue;
    proof::Receipt theirs{receipt.tx, stored.index, one.size, {}, std::move(one.head)};
    QC_ASSIGN(theirs.path, ledger.inclusion(stored.index, one.size));
    witnessed.push_back(
        {{"account", one.account}, {"cosignature", one.jws}, {"receipt", proof::to_json(theirs)}});
  }
  return Answer{200,
                {{"transaction", stored.bytes},
                 {"receipt", proof::to_json(receipt)},
                 {"witnessed", std::move(witnessed)}}};
}

Result<Answer> latest_head(const Call& call) {
  QC_ASSIGN(std::string head, call.services.witnesses.show());
  Json witnesses = Json::array();
  for (const chain::Cosignature& one : call.services.witnesses.newest()) {
    witnesses.push_back({{"account", one.account},
                         {"size", one.size},
                         {"cosignature", one.jws},
                         {"head", one.head}});
  }
  return Answer{200, {{"head", std::move(head)}, {"witnesses", std::move(witnesses)}}};
}

Result<Answer> cosign(const Call& call) {
  const JsonReader body(call.body);
  QC_TRY(body.expect_only({"cosignature"}));
  QC_ASSIGN(const std::string cosignature, body.text("cosignature", 4096));
  QC_ASSIGN(const std::uint64_t size,
            call.services.witnesses.take(call.caller.account, cosignature));
  return Answer{201, {{"size", size}}};
}

Result<Answer> consistency(const Call& call) {
  QC_ASSIGN(const std::uint64_t from, call.query_number("from", std::nullopt));
  QC_ASSIGN(const std::uint64_t to, call.query_number("to", std::nullopt));
  if (from == 0 || from > to) return invalid("http.bad_query", "expected 1 <= from <= to", "from");
  if (to > call.services.ledger.size()) {
    return invalid("http.bad_query", "beyond the size of the ledger", "to");
  }
  QC_ASSIGN(const std::vector<Hash32> path, call.services.ledger.consistency(from, to));
  // Whoever holds another root of that size holds, with the path, the proof of a fork.
  QC_ASSIGN(const Hash32 root, call.services.ledger.log_root(from));
  Json hashes = Json::array();
  for (const Hash32& hash : path) hashes.push_back(to_hex(hash));
  return Answer{
      200, {{"from", from}, {"to", to}, {"from_root", to_hex(root)}, {"path", std::move(hashes)}}};
}

Result<Answer> network(const Call& call) {
  const chain::Ledger& ledger = call.services.ledger;
  std::string genesis;
  if (ledger.size() > 0) {
    QC_ASSIGN(chain::StoredTx first, ledger.transaction(std::uint64_t{0}));
    genesis = std::move(first.bytes);
  }
  return Answer{200,
                {{"chain", ledger.chain()},
                 {"genesis", std::move(genesis)},
                 {"host_jwk", ledger.host_key().to_jwk()}}};
}

Result<Answer> get_account(const Call& call) {
  const std::string& account = call.param("account");
  std::optional<Json> document;
  Json retired = Json::array();
  const std::string prefix = "of/" + account + "/key/";
  call.services.ledger.read([&](const chain::StateReader& state) {
    document = state.get("subject/" + account);
    if (!document) document = state.get("member/" + account);
    state.scan(prefix, "", [&](const std::string& key, const Json&) {
      const auto entry = state.get("key/" + key.substr(prefix.size()));
      if (entry && !entry->at("to").is_null()) retired.push_back(entry->at("jwk"));
      return true;
    });
  });
  if (!document) return not_found("account.not_found", "there is no such account");
  return Answer{200,
                {{"account", account},
                 {"kind", document->value("kind", "")},
                 {"jwk", document->value("jwk", Json())},
                 {"retired_keys", std::move(retired)},
                 {"status", document->value("status", "")},
                 {"opened_index", document->value("index", Json())}}};
}

}  // namespace

std::vector<Route> ledger_routes() {
  std::vector<Route> out;
  out.push_back({"POST",
                 "/v1/transactions",
                 {},
                 BodyKind::kTransaction,
                 {},
                 {"submitTransaction",
                  "ledger",
                  "提交已签名的交易",
                  "Submit a signed transaction; answered when it is durable",
                  "Transaction",
                  "Submitted",
                  201,
                  {},
                  {"tx.invalid", "tx.bad_signature", "tx.duplicate", "ledger.busy"}}});
  out.push_back({"POST",
                 "/v1/transactions:batch",
                 {},
                 BodyKind::kJson,
                 {},
                 {"submitTransactions",
                  "ledger",
                  "批量提交已签名的交易(最多 100 笔)",
                  "Submit up to 100 signed transactions, applied in this order; answered when all "
                  "are durable or refused, each with its own outcome",
                  "TransactionBatch",
                  "SubmittedBatch",
                  200,
                  {},
                  {"json.out_of_range"}}});
  out.push_back({"GET",
                 "/v1/transactions/{id}",
                 {Need::kCaller},
                 BodyKind::kNone,
                 get_transaction,
                 {"getTransaction",
                  "ledger",
                  "查询与本账户有关的交易及回执",
                  "A transaction that concerns the caller, with its receipt",
                  "",
                  "StoredTransaction",
                  200,
                  {},
                  {"tx.not_found"}}});
  out.push_back({"GET",
                 "/v1/heads/latest",
                 {},
                 BodyKind::kNone,
                 latest_head,
                 {"getLatestHead",
                  "ledger",
                  "最新树头",
                  "Latest signed tree head",
                  "",
                  "Head",
                  200,
                  {},
                  {"ledger.empty"}}});
  out.push_back({"POST",
                 "/v1/heads/cosignatures",
                 {Need::kCaller, false, "member"},
                 BodyKind::kJson,
                 cosign,
                 {"cosignHead",
                  "ledger",
                  "见证成员联署树头",
                  "A member's co-signature of a head that it has checked",
                  "CosignHead",
                  "CosignedHead",
                  201,
                  {},
                  {"witness.invalid", "witness.not_the_signer", "witness.wrong_head",
                   "witness.unknown_head", "witness.too_often"}}});
  out.push_back({"GET",
                 "/v1/heads/consistency",
                 {},
                 BodyKind::kNone,
                 consistency,
                 {"getConsistency",
                  "ledger",
                  "两个树头之间的一致性证明",
                  "Proof that one tree head extends another",
                  "",
                  "Consistency",
                  200,
                  {{"from", "较早的树大小", "Size of the earlier tree", true},
                   {"to", "较晚的树大小", "Size of the later tree", true}},
                  {"http.bad_query"}}});
  out.push_back({"GET",
                 "/v1/network",
                 {},
                 BodyKind::kNone,
                 network,
                 {"getNetwork", "ledger", "网络标识、创世交易与主机公钥",
                  "Network id, founding transaction and the host's key", "", "Network"}});
  out.push_back({"GET",
                 "/v1/accounts/{account}",
                 {Need::kCaller, true, "member"},
                 BodyKind::kNone,
                 get_account,
                 {"getAccount",
                  "accounts",
                  "查询账户",
                  "An account and its key",
                  "",
                  "Account",
                  200,
                  {},
                  {"account.not_found"}}});
  return out;
}

}  // namespace qc::http
