// The HTTP API's answers as values; every text passes displayable() before it can reach a screen.
#include "gui/console/model/data.hpp"

namespace qc::console {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// Reads members of one answer, leniently: an absent or null text is "", an absent number 0. A
/// newer host may add members; a wrong type is an error.
class Lenient {
 public:
  Lenient(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

  std::string text(const char* name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) return fail(name), std::string{};
    return displayable(value->get_ref<const std::string&>());
  }
  std::uint64_t count(const char* name) { return static_cast<std::uint64_t>(integer(name)); }
  std::int64_t integer(const char* name) {
    const Json* value = find(name);
    if (value == nullptr) return 0;
    if (!value->is_number_integer()) return fail(name), 0;
    if (value->is_number_unsigned() &&
        value->get<std::uint64_t>() > static_cast<std::uint64_t>(kMax)) {
      return fail(name), 0;
    }
    const auto number = value->get<std::int64_t>();
    if (number < 0) fail(name);
    return number < 0 ? 0 : number;
  }
  double real(const char* name) {
    const Json* value = find(name);
    if (value == nullptr) return 0;
    if (!value->is_number() || value->get<double>() < 0) return fail(name), 0;
    return value->get<double>();
  }
  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> out;
    const Json* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_array()) return fail(name), out;
    for (const Json& entry : *value) {
      if (entry.is_string()) {
        out.push_back(displayable(entry.get_ref<const std::string&>()));
      } else if (entry.is_object() && entry.contains("item") && entry["item"].is_string()) {
        out.push_back(displayable(entry["item"].get_ref<const std::string&>()));
      } else {
        fail(name);
      }
    }
    return out;
  }
  /// The first field that is wrong, as an error; ok otherwise.
  Status status() const {
    if (bad_.empty()) return {};
    return invalid("console.bad_answer", "wrong type or range in the host's answer", bad_);
  }
  const Json* find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  void require(const char* name) {
    if (find(name) == nullptr) fail(name);
  }

 private:
  void fail(const char* name) {
    if (bad_.empty()) bad_ = path_.empty() ? name : path_ + "." + name;
  }
  const Json& object_;
  std::string path_;
  std::string bad_;
};

bool is_count(const Json& value) {
  return value.is_number_integer() &&
         (value.is_number_unsigned() || value.get<std::int64_t>() >= 0);
}

std::string kid_of(const Json* jwk) {
  if (jwk == nullptr || !jwk->is_object()) return {};
  const auto it = jwk->find("kid");
  return it != jwk->end() && it->is_string() ? displayable(it->get_ref<const std::string&>()) : "";
}

/// Reads each entry of the array `name`.
template <typename T, typename Parse>
Result<std::vector<T>> list_of(const Json& answer, const char* name, Parse parse) {
  QC_ASSIGN(const Json* entries, JsonReader(answer).array(name, 1U << 20U));
  std::vector<T> out;
  out.reserve(entries->size());
  for (std::size_t i = 0; i < entries->size(); ++i) {
    auto one = parse((*entries)[i]);
    if (!one.ok()) return one.error().at(std::string(name) + "[" + std::to_string(i) + "]");
    out.push_back(std::move(one).value());
  }
  return out;
}

Result<Member> parse_member(const Json& entry) {
  Lenient in(entry, "member");
  in.require("account");
  Member m;
  m.account = in.text("account");
  m.kind = in.text("kind");
  m.code = in.text("code");
  m.name_zh = in.text("name_zh");
  m.name_en = in.text("name_en");
  m.uscc = in.text("uscc");
  m.contact = in.text("contact");
  m.status = in.text("status");
  if (const Json* jwk = in.find("jwk")) m.jwk = *jwk;
  m.kid = kid_of(in.find("jwk"));
  QC_TRY(in.status());
  return m;
}

Result<Flow> parse_flow(const Json& entry) {
  Lenient in(entry, "flow");
  in.require("op");
  Flow f;
  f.index = in.count("index");
  f.time_ms = in.integer("time_ms");
  f.op = in.text("op");
  f.consumer = in.text("consumer");
  f.product = in.text("product");
  f.purpose = in.text("purpose");
  f.items = in.texts("items");
  f.outcome = in.text("outcome");
  f.grant = in.text("grant");
  f.access = in.text("access");
  f.subject = in.text("subject");
  QC_TRY(in.status());
  return f;
}

Result<TraceEvent> parse_event(const Json& entry) {
  Lenient in(entry, "event");
  in.require("tx");
  TraceEvent e;
  e.n = in.count("n");
  e.index = in.count("index");
  e.time_ms = in.integer("time_ms");
  e.tx = in.text("tx");
  e.op = in.text("op");
  e.actor = in.text("actor");
  if (const Json* summary = in.find("summary")) e.summary = *summary;
  if (const Json* receipt = in.find("receipt")) e.receipt = *receipt;
  // The signed bytes stay exactly as received: the receipt check hashes them.
  if (const Json* bytes = in.find("transaction"); bytes != nullptr && bytes->is_string()) {
    e.transaction = bytes->get<std::string>();
  }
  QC_TRY(in.status());
  return e;
}

}  // namespace

Result<Health> parse_health(const Json& answer) {
  Lenient in(answer, "");
  in.require("status");
  in.require("chain");
  Health h;
  h.status = in.text("status");
  h.chain = in.text("chain");
  h.version = in.text("version");
  h.size = in.count("size");
  h.uptime_s = in.integer("uptime_s");
  h.host_kid = in.text("host_kid");
  h.time_ms = in.integer("time_ms");
  QC_TRY(in.status());
  return h;
}

Result<std::vector<Member>> parse_members(const Json& answer) {
  return list_of<Member>(answer, "members", parse_member);
}

/// What newer hosts tell of a plugin's generation and figures.
Status parse_figures(Lenient& in, Plugin& p) {
  p.generation = in.count("generation");
  p.restarts = in.count("restarts");
  p.memory_bytes = in.count("memory_bytes");
  p.cpu_ms = in.count("cpu_ms");
  p.granted = in.texts("capabilities");
  if (const Json* budgets = in.find("budgets")) {
    Lenient may_use(*budgets, "plugin.budgets");
    p.memory_mib = may_use.count("memory_mib");
    p.time_ms = may_use.count("time_ms");
    QC_TRY(may_use.status());
  }
  if (const Json* latency = in.find("latency_us")) {
    Lenient times(*latency, "plugin.latency_us");
    p.p50_us = times.real("p50");
    p.p95_us = times.real("p95");
    p.p99_us = times.real("p99");
    QC_TRY(times.status());
  }
  if (const Json* canary = in.find("canary")) {
    Lenient trial(*canary, "plugin.canary");
    p.canary = trial.text("version");
    p.canary_percent = trial.count("percent");
    p.canary_calls = trial.count("calls");
    p.canary_faults = trial.count("faults");
    QC_TRY(trial.status());
  }
  return {};
}

Result<Plugin> parse_plugin(const Json& entry) {
  Lenient in(entry, "plugin");
  in.require("plugin");
  in.require("state");
  Plugin p;
  p.plugin = in.text("plugin");
  p.version = in.text("version");
  p.kind = in.text("kind");
  p.owner = in.text("owner");
  p.digest = in.text("digest");
  p.state = in.text("state");
  p.items = in.texts("items");
  p.product = in.text("product");
  p.reason = in.text("reason");
  p.name_zh = in.text("name_zh");
  p.name_en = in.text("name_en");
  p.calls = in.count("calls");
  p.errors = in.count("errors");
  p.in_flight = in.count("in_flight");
  p.kid = kid_of(in.find("jwk"));
  QC_TRY(parse_figures(in, p));
  QC_TRY(in.status());
  return p;
}

Result<std::vector<Plugin>> parse_plugins(const Json& answer) {
  return list_of<Plugin>(answer, "plugins", parse_plugin);
}

Result<Statistics> parse_statistics(const Json& answer) {
  Statistics out;
  QC_ASSIGN(const Json* grants, JsonReader(answer).object("grants"));
  for (const auto& [state, n] : grants->items()) {
    if (!is_count(n)) return invalid("console.bad_answer", "not a count", "grants");
    (state == "ACTIVE" ? out.grants_active : out.grants_ended) += n.get<std::uint64_t>();
  }
  QC_ASSIGN(const Json* subjects, JsonReader(answer).object("subjects"));
  for (const auto& [kind, n] : subjects->items()) {
    if (!is_count(n)) return invalid("console.bad_answer", "not a count", "subjects");
    out.subjects += n.get<std::uint64_t>();
  }
  return out;
}

Status parse_catalogue(const Json& answer, const char* list, const char* id, Catalogue& out) {
  QC_ASSIGN(
      std::vector<Catalogue::Entry> more,
      list_of<Catalogue::Entry>(answer, list, [id](const Json& entry) -> Result<Catalogue::Entry> {
        Lenient in(entry, "entry");
        in.require(id);
        Catalogue::Entry e{in.text(id), in.text("name_zh"), in.text("name_en")};
        QC_TRY(in.status());
        return e;
      }));
  for (Catalogue::Entry& e : more) out.entries.push_back(std::move(e));
  return {};
}

Result<std::vector<Flow>> parse_flows(const Json& answer) {
  return list_of<Flow>(answer, "flows", parse_flow);
}

Result<Trace> parse_trace(const Json& answer) {
  Trace trace;
  QC_ASSIGN(trace.account, JsonReader(answer).text("account", 128));
  trace.account = displayable(trace.account);
  QC_ASSIGN(trace.events, list_of<TraceEvent>(answer, "events", parse_event));
  return trace;
}

std::size_t Trace::failed() const {
  std::size_t n = 0;
  for (const TraceEvent& e : events) n += e.check.verified ? 0U : 1U;
  return n;
}

}  // namespace qc::console
