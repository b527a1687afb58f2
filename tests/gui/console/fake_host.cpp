#include "tests/gui/console/fake_host.hpp"

#include <bit>
#include <chrono>
#include <thread>

#include "gui/console/host_api.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/receipt.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::console::test {
namespace {

constexpr std::int64_t kStart = 1'769'850'000'000;  // a fixed moment, so that pictures repeat

Hash32 tree_root(std::span<const Hash32> leaves) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t half = std::bit_ceil(leaves.size()) / 2;
  return proof::node_hash(tree_root(leaves.first(half)), tree_root(leaves.subspan(half)));
}

std::vector<Hash32> tree_path(std::span<const Hash32> leaves, std::size_t index) {
  if (leaves.size() == 1) return {};
  const std::size_t half = std::bit_ceil(leaves.size()) / 2;
  std::vector<Hash32> path;
  if (index < half) {
    path = tree_path(leaves.first(half), index);
    path.push_back(tree_root(leaves.subspan(half)));
  } else {
    path = tree_path(leaves.subspan(half), index - half);
    path.push_back(tree_root(leaves.first(half)));
  }
  return path;
}

Json member(const char* account, const char* kind, const char* code, const char* zh, const char* en,
            const char* uscc, const char* contact) {
  return {{"account", account}, {"kind", kind}, {"code", code},       {"name_zh", zh},
          {"name_en", en},      {"uscc", uscc}, {"contact", contact}, {"status", "active"}};
}

Json flow(const char* product, const char* purpose, const char* outcome, const char* grant,
          const char* access, Json items) {
  return {{"consumer", "qilu-bank"},  {"product", product}, {"purpose", purpose},
          {"outcome", outcome},       {"grant", grant},     {"access", access},
          {"items", std::move(items)}};
}

Error unreachable() {
  return {ErrorKind::kUnavailable, "client.unreachable",
          "connection refused",    {},
          Side::kPlatform,         true};
}

class FakeApi final : public Api {
 public:
  FakeApi(FakeCity& city, std::string kid) : city_(city), kid_(std::move(kid)) {}
  std::string chain() const override { return city_.chain(); }
  std::string host_kid() const override { return city_.host_key().kid(); }
  bool host_key_pinned() const override { return true; }
  std::string kid() const override { return kid_; }
  Result<Json> get(const std::string& path) override { return city_.get(path); }
  Result<Json> post(const std::string& path, const Json& body) override {
    return city_.post(path, body);
  }
  ReceiptCheck check_receipt(const std::string& transaction, const Json& receipt) override {
    return check_receipt_with(transaction, receipt, city_.host_key().public_key(), chain());
  }
  Head check_head(const std::string& jws) override {
    return check_head_with(jws, city_.host_key().public_key(), chain());
  }

 private:
  FakeCity& city_;
  std::string kid_;
};

}  // namespace

FakeCity::FakeCity()
    : host_(crypto::PrivateKey::generate()),
      chain_("jinan-9f3a5c17e2"),
      subject_("p-4c1f0b7d92e64a80b35d7f21c9e8a604") {
  add_member(member("jn-data", "operator", "", "济南市大数据局", "Jinan Big Data Bureau",
                    "11370100MB2857136F", "0531-00000001"));
  add_member(member("registry", "registrar", "", "泉城数字身份登记中心",
                    "Spring City Identity Registrar", "12370100MB0000012A", "0531-00000002"));
  add_member(member("ga", "department", "ga.", "济南市公安局", "Jinan Public Security Bureau",
                    "113701000041000018", "0531-00000003"));
  add_member(member("rs", "department", "rs.", "济南市人力资源和社会保障局",
                    "Jinan Human Resources and Social Security Bureau", "113701000041000026",
                    "0531-00000004"));
  add_member(member("gjj", "department", "gjj.", "济南住房公积金中心",
                    "Jinan Housing Provident Fund Centre", "123701000041000034", "0531-00000005"));
  add_member(member("qilu-bank", "bank", "", "齐鲁示例银行", "Qilu Sample Bank",
                    "913701000000000042", "open@bank.example"));
  add_member(member("pbc-jn", "regulator", "", "中国人民银行济南分行（监管）",
                    "Central Bank, Jinan Branch (supervision)", "11370100000000005X",
                    "0531-00000006"));
  const auto plug = [&](const char* id, const char* kind, const char* owner, Json items,
                        const char* product, const char* state, int served) {
    const std::string digest = to_hex(crypto::sm3(as_bytes(id)));
    plugins_.push_back({{"plugin", id},
                        {"version", "1.0.0"},
                        {"kind", kind},
                        {"owner", owner},
                        {"digest", digest},
                        {"state", state},
                        {"items", std::move(items)},
                        {"product", product},
                        {"jwk", keys_.at(owner).public_key().to_jwk()},
                        {"calls", served},
                        {"errors", 0},
                        {"in_flight", 0},
                        {"generation", 3},
                        {"restarts", 1},
                        {"memory_bytes", 41 << 20},
                        {"cpu_ms", 6320},
                        {"latency_us", {{"p50", 612.4}, {"p95", 1433.6}, {"p99", 4587.5}}},
                        {"canary", nullptr},
                        {"reason", ""}});
  };
  plug("public_security", "department", "ga", {"ga.resident", "ga.household"}, "", "active", 1284);
  plug("human_resources", "department", "rs", {"rs.social_insurance", "rs.employment"}, "",
       "active", 967);
  plug("housing_fund", "department", "gjj", {"gjj.account", "gjj.deposit"}, "", "active", 1031);
  plug("citizen_loan", "product", "qilu-bank", Json::array(), "citizen_loan", "active", 412);

  append("jn-data", "network.found", {{"name", "泉城链"}}, nullptr, false);
  append("registry", "subject.open",
         {{"account", subject_},
          {"kind", "person"},
          {"text_zh", "开立数字保险箱账户"},
          {"text_en", "A safe box account was opened"}},
         nullptr, true);
  append("ga", "asset.issue",
         {{"item", "ga.resident"},
          {"version", 1},
          {"fields", {"id_no", "name"}},
          {"text_zh", "数据资产入箱:居民身份信息"},
          {"text_en", "An asset was issued: Resident identity"}},
         nullptr, true);
  append("gjj", "asset.issue", {{"item", "gjj.deposit"}, {"version", 1}, {"as_of", 1769800000}},
         nullptr, true);
  const Json items = {"ga.resident", "gjj.deposit"};
  append("qilu-bank", "request.create", {{"product", "citizen_loan"}, {"purpose", "loan.apply"}},
         flow("citizen_loan", "loan.apply", "", "", "", items), true);
  append("qilu-bank", "grant.create", {{"grant", "Zk3v9QpLr7XyT2mNcB5dWA"}, {"max_uses", 3}},
         flow("citizen_loan", "loan.apply", "", "Zk3v9QpLr7XyT2mNcB5dWA", "", items), true);
  append("qilu-bank", "access.open", {{"access", "a7Hs0KfUeR4vJqLw1ZxYtg"}},
         flow("citizen_loan", "loan.apply", "opened", "Zk3v9QpLr7XyT2mNcB5dWA",
              "a7Hs0KfUeR4vJqLw1ZxYtg", items),
         true);
  append("host", "access.release", {{"access", "a7Hs0KfUeR4vJqLw1ZxYtg"}, {"outcome", "delivered"}},
         flow("citizen_loan", "loan.apply", "delivered", "Zk3v9QpLr7XyT2mNcB5dWA",
              "a7Hs0KfUeR4vJqLw1ZxYtg", items),
         true);
  append("qilu-bank", "grant.revoke", {{"grant", "Zk3v9QpLr7XyT2mNcB5dWA"}},
         flow("citizen_loan", "loan.apply", "", "Zk3v9QpLr7XyT2mNcB5dWA", "", items), true);
  append("host", "access.refuse", {{"access", "Qm8tNb2XcVz5LkJhGfDs6A"}, {"code", "grant.revoked"}},
         flow("citizen_loan", "loan.apply", "grant.revoked", "Zk3v9QpLr7XyT2mNcB5dWA",
              "Qm8tNb2XcVz5LkJhGfDs6A", items),
         true);
}

void FakeCity::add_member(const Json& member) {
  Json entry = member;
  const auto key = crypto::PrivateKey::generate();
  entry["jwk"] = key.public_key().to_jwk();
  keys_.emplace(entry["account"].get<std::string>(), key);
  members_.push_back(std::move(entry));
}

void FakeCity::append(const std::string& signer, const std::string& op, Json body, Json shown,
                      bool about_subject) {
  const auto index = log_.size();
  const std::int64_t time_ms = kStart + static_cast<std::int64_t>(index) * 7'300;
  const crypto::PrivateKey& key = signer == "host" ? host_ : keys_.at(signer);
  Entry entry;
  entry.bytes = proof::make_transaction(key, chain_, op, body, time_ms / 1000);
  entry.op = op;
  entry.actor = signer;
  entry.time_ms = time_ms;
  entry.summary = std::move(body);
  entry.about_subject = about_subject;
  log_.push_back(std::move(entry));
  if (shown.is_null()) return;
  shown["index"] = index;
  shown["time_ms"] = time_ms;
  shown["op"] = op;
  shown["subject"] = subject_;
  flows_.push_back(std::move(shown));
}

void FakeCity::add_flow(const std::string& op, const std::string& outcome) {
  const std::lock_guard lock(mutex_);
  append("qilu-bank", op, {{"outcome", outcome}},
         flow("citizen_loan", "loan.apply", outcome.c_str(), "", "", Json::array()), true);
}

Json FakeCity::head() const {
  std::vector<Hash32> leaves;
  for (const Entry& entry : log_) leaves.push_back(proof::leaf_hash(as_bytes(entry.bytes)));
  proof::TreeHead head{chain_, log_.size(), tree_root(leaves), {}, log_.back().time_ms};
  return proof::sign_head(head, host_);
}

Json FakeCity::receipt_of(std::size_t index) const {
  std::vector<Hash32> leaves;
  for (const Entry& entry : log_) leaves.push_back(proof::leaf_hash(as_bytes(entry.bytes)));
  proof::Receipt receipt;
  receipt.tx = to_hex(crypto::sm3(as_bytes(log_[index].bytes)));
  receipt.index = index;
  receipt.size = log_.size();
  receipt.path = tree_path(leaves, index);
  receipt.head = head().get<std::string>();
  return proof::to_json(receipt);
}

Json FakeCity::trace() const {
  Json events = Json::array();
  for (std::size_t i = 0; i < log_.size(); ++i) {
    const Entry& entry = log_[i];
    if (!entry.about_subject) continue;
    const std::size_t proven = forge_receipt && events.size() == 2 ? i - 1 : i;
    events.push_back({{"n", events.size() + 1},
                      {"index", i},
                      {"tx", to_hex(crypto::sm3(as_bytes(entry.bytes)))},
                      {"op", entry.op},
                      {"time_ms", entry.time_ms},
                      {"actor", entry.actor},
                      {"summary", entry.summary},
                      {"transaction", entry.bytes},
                      {"receipt", receipt_of(proven)}});
  }
  return {{"account", subject_}, {"events", events}};
}

Json* FakeCity::plugin(const std::string& id) {
  for (Json& p : plugins_) {
    if (p["plugin"] == id) return &p;
  }
  return nullptr;
}

void FakeCity::set_plugin(const std::string& id, const char* member, const Json& value) {
  const std::lock_guard lock(mutex_);
  (*plugin(id))[member] = value;
}

void FakeCity::suspend(const std::string& account) {
  const std::lock_guard lock(mutex_);
  for (Json& m : members_) {
    if (m["account"] == account) m["status"] = "suspended";
  }
}

Result<Json> FakeCity::get(const std::string& path) {
  ++calls;
  if (delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
  if (down) return unreachable();
  const std::lock_guard lock(mutex_);
  const Json none = Json::array();
  if (path == "/v1/health") {
    return Json{{"status", "ok"},      {"chain", chain_},    {"version", "0.1.0"},
                {"size", log_.size()}, {"uptime_s", 93'784}, {"host_kid", host_.kid()},
                {"time_ms", kStart}};
  }
  if (path == "/v1/statistics") {
    return Json{{"position", log_.size()},
                {"subjects", {{"person", 1}}},
                {"grants", {{"ACTIVE", 12}, {"REVOKED", 1}}}};
  }
  if (path == "/v1/heads/latest") return Json{{"head", head()}};
  // Members stay: without them nobody could sign in.
  if (path == "/v1/members") return Json{{"members", members_}};
  if (path == "/v1/plugins") return Json{{"plugins", empty ? none : plugins_}};
  if (path == "/v1/catalogue/items") {
    const auto item = [](const char* id, const char* zh, const char* en) {
      return Json{{"item", id}, {"version", 1}, {"name_zh", zh}, {"name_en", en}};
    };
    return Json{{"items",
                 {item("ga.resident", "居民身份信息", "Resident identity"),
                  item("ga.household", "户籍信息", "Household registration"),
                  item("rs.social_insurance", "社会保险缴纳", "Social insurance"),
                  item("rs.employment", "就业登记", "Employment"),
                  item("gjj.account", "公积金账户", "Housing fund account"),
                  item("gjj.deposit", "公积金缴存", "Housing fund deposits")}}};
  }
  if (path == "/v1/catalogue/products") {
    return Json{{"products",
                 {{{"product", "citizen_loan"},
                   {"version", 1},
                   {"name_zh", "市民贷"},
                   {"name_en", "Citizen loan"}}}}};
  }
  constexpr std::string_view kFlows = "/v1/supervision/flows?after=";
  if (path.starts_with(kFlows)) {
    const std::uint64_t after = std::stoull(path.substr(kFlows.size()));
    Json more = Json::array();
    for (const Json& f : flows_) {
      if (!empty && f["index"].get<std::uint64_t>() > after) more.push_back(f);
    }
    return Json{{"flows", more}};
  }
  if (path == "/v1/subjects/" + subject_ + "/trace") return trace();
  return not_found("http.not_found", "no such resource");
}

Result<Json> FakeCity::post(const std::string& path, const Json&) {
  ++calls;
  if (delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
  if (down) return unreachable();
  const std::lock_guard lock(mutex_);
  constexpr std::string_view kPrefix = "/v1/plugins/";
  const auto colon = path.rfind(':');
  if (!path.starts_with(kPrefix) || colon == std::string::npos) {
    return not_found("http.not_found", "no such resource");
  }
  Json* target = plugin(path.substr(kPrefix.size(), colon - kPrefix.size()));
  if (target == nullptr) return not_found("plugin.not_found", "no such plugin");
  const std::string verb = path.substr(colon + 1);
  const bool active = (*target)["state"] == "active";
  if (active == (verb == "load")) return conflict("plugin.wrong_state", "not in this state");
  (*target)["state"] = verb == "load" ? "active" : "stopped";
  return *target;
}

Connect connect_to(FakeCity& city, std::string account) {
  return [&city, account = std::move(account)](
             const SignInRequest& request) -> Result<std::unique_ptr<Api>> {
    if (request.passphrase_file.empty() && request.passphrase != "correct") {
      return invalid("key.wrong_passphrase", "wrong passphrase");
    }
    if (city.down) return unreachable();
    const bool stranger = account.empty();
    const auto kid = stranger ? crypto::PrivateKey::generate().kid() : city.key_of(account).kid();
    return std::unique_ptr<Api>(std::make_unique<FakeApi>(city, kid));
  };
}

}  // namespace qc::console::test
