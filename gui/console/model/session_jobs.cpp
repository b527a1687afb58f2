// The jobs of the worker thread: each reads the host, changes the draft and publishes it.
#include "gui/console/model/session.hpp"

namespace qc::console {
namespace {

constexpr int kMaxFlowPages = 50;          // per refresh
constexpr std::size_t kMaxFlows = 20'000;  // kept; older ones are dropped
constexpr std::size_t kMaxTraceGlyphs = 5'000;

bool lost_contact(const Error& error) {
  return error.code == "client.unreachable" || error.kind == ErrorKind::kTimeout;
}

/// Only what may stand in a path segment; anything else is not an account or plugin name.
bool plain_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

}  // namespace

void Session::note_contact(const std::optional<Error>& error) {
  if (error && lost_contact(*error)) {
    draft_.reachable = false;
  } else {
    draft_.reachable = true;
    draft_.contact_ms = options_.now_ms();
  }
}

/// Runs `fetch`, keeps the old value when it fails.
template <typename T, typename Fetch>
void Session::load(Slot<T> Snapshot::*slot, Fetch fetch) {
  (draft_.*slot).loading = true;
  publish();
  Result<T> answer = fetch();
  Slot<T>& target = draft_.*slot;
  target.loading = false;
  if (answer.ok()) {
    target.data = std::make_shared<const T>(std::move(answer).value());
    target.loaded_ms = options_.now_ms();
    target.error.reset();
  } else {
    target.error = answer.error();
  }
  note_contact(target.error);
  publish();
}

/// Who the key belongs to. Errors: "console.not_member", "console.not_operator",
/// "console.suspended" (the identity is in the draft then).
Result<Identity> Session::identify(const SignInRequest& request, std::vector<Member>& members) {
  QC_ASSIGN(const Json answer, api_->get("/v1/members"));
  QC_ASSIGN(members, parse_members(answer));
  Identity who;
  who.url = request.url;
  who.chain = api_->chain();
  who.host_kid = api_->host_kid();
  who.host_key_pinned = api_->host_key_pinned();
  who.kid = api_->kid();
  for (const Member& m : members) {
    if (m.kid != who.kid) continue;
    who.account = m.account;
    who.kind = m.kind;
    who.name_zh = m.name_zh;
    who.name_en = m.name_en;
    draft_.identity = who;
    if (!m.active()) return forbidden("console.suspended", "this member is suspended");
    if (m.kind != "operator" && m.kind != "regulator") {
      return forbidden("console.not_operator", "the key belongs to neither operator nor regulator");
    }
    return who;
  }
  return forbidden("console.not_member", "the key belongs to no member");
}

void Session::do_sign_in(SignInRequest& request) {
  do_sign_out();
  draft_.phase = Phase::kSigningIn;
  publish();
  std::vector<Member> members;
  Result<Identity> who = [&]() -> Result<Identity> {
    QC_ASSIGN(api_, options_.connect(request));
    return identify(request, members);
  }();
  add_glyphs(members, glyphs_);
  if (!who.ok()) {
    api_.reset();
    draft_.phase = Phase::kSignedOut;
    draft_.sign_in_error = who.error();
    publish();
    return;
  }
  draft_.identity = std::move(who).value();
  draft_.phase = Phase::kSignedIn;
  draft_.members.data = std::make_shared<const std::vector<Member>>(std::move(members));
  draft_.members.loaded_ms = options_.now_ms();
  note_contact(std::nullopt);
  publish();
  // Everything once, so that each view and the palette have data at hand.
  load_overview();
  load_catalogue();
  load_plugins();
  load_flows();
}

void Session::do_sign_out() {
  api_.reset();
  draft_ = Snapshot{};
  draft_.glyphs = std::make_shared<GlyphSet>(glyphs_);
  flows_.clear();
  flows_after_ = 0;
  publish();
}

void Session::do_refresh(View view) {
  if (!api_) return;
  load_overview();
  // The overview shows something of everything.
  if (view == View::kMembers || view == View::kOverview) load_members();
  if (view == View::kPlugins || view == View::kOverview) {
    load_catalogue();
    load_plugins();
  }
  if (view == View::kTrace || view == View::kOverview) load_flows();
}

Result<Overview> Session::fetch_overview() {
  Overview overview;
  QC_ASSIGN(const Json health, api_->get("/v1/health"));
  QC_ASSIGN(overview.health, parse_health(health));
  QC_ASSIGN(const Json head, api_->get("/v1/heads/latest"));
  QC_ASSIGN(const std::string jws, JsonReader(head).text("head", 8192));
  overview.head = api_->check_head(jws);
  // The counters come from the SQL view, which may lag or be rebuilt: the page does without them.
  const auto counters = api_->get("/v1/statistics");
  if (counters.ok()) {
    if (auto read = parse_statistics(*counters); read.ok()) overview.statistics = *read;
  }
  return overview;
}

void Session::load_overview() {
  load(&Snapshot::overview, [this] { return fetch_overview(); });
}

void Session::load_members() {
  load(&Snapshot::members, [this]() -> Result<std::vector<Member>> {
    QC_ASSIGN(const Json answer, api_->get("/v1/members"));
    QC_ASSIGN(std::vector<Member> members, parse_members(answer));
    add_glyphs(members, glyphs_);
    return members;
  });
}

void Session::load_catalogue() {
  load(&Snapshot::catalogue, [this]() -> Result<Catalogue> {
    Catalogue all;
    QC_ASSIGN(const Json items, api_->get("/v1/catalogue/items"));
    QC_TRY(parse_catalogue(items, "items", "item", all));
    QC_ASSIGN(const Json products, api_->get("/v1/catalogue/products"));
    QC_TRY(parse_catalogue(products, "products", "product", all));
    add_glyphs(all, glyphs_);
    return all;
  });
}

void Session::load_plugins() {
  load(&Snapshot::plugins, [this]() -> Result<std::vector<Plugin>> {
    QC_ASSIGN(const Json answer, api_->get("/v1/plugins"));
    QC_ASSIGN(std::vector<Plugin> plugins, parse_plugins(answer));
    add_glyphs(plugins, glyphs_);
    return plugins;
  });
}

void Session::load_flows() {
  load(&Snapshot::flows, [this]() -> Result<std::vector<Flow>> {
    for (int page = 0; page < kMaxFlowPages; ++page) {
      QC_ASSIGN(const Json answer,
                api_->get("/v1/supervision/flows?after=" + std::to_string(flows_after_)));
      QC_ASSIGN(std::vector<Flow> more, parse_flows(answer));
      const std::uint64_t before = flows_after_;
      add_glyphs(more, glyphs_);
      for (Flow& flow : more) {
        flows_after_ = std::max(flows_after_, flow.index);
        flows_.push_back(std::move(flow));
      }
      if (more.empty() || flows_after_ == before) break;
    }
    if (flows_.size() > kMaxFlows) {
      flows_.erase(flows_.begin(), flows_.end() - static_cast<std::ptrdiff_t>(kMaxFlows));
    }
    return flows_;
  });
}

void Session::do_action(const PluginAction& action) {
  if (!api_) return;
  draft_.running = action;
  publish();
  Result<Json> answer = invalid("console.bad_name", "not a plugin's name", "plugin");
  if (plain_name(action.plugin)) {
    answer = api_->post("/v1/plugins/" + action.plugin + ":" + std::string(verb_name(action.verb)),
                        Json::object());
  }
  ActionOutcome outcome;
  outcome.serial = (draft_.last_action ? draft_.last_action->serial : 0) + 1;
  outcome.action = action;
  if (!answer.ok()) outcome.error = answer.error();
  note_contact(outcome.error);
  draft_.running.reset();
  draft_.last_action = std::move(outcome);
  load_plugins();
}

void Session::do_trace(const std::string& account) {
  if (!api_) return;
  if (draft_.trace_account != account) draft_.trace = {};
  draft_.trace_account = account;
  load(&Snapshot::trace, [&]() -> Result<Trace> {
    if (!plain_name(account)) {
      return not_found("console.bad_name", "not a subject's account");
    }
    QC_ASSIGN(const Json answer, api_->get("/v1/subjects/" + account + "/trace"));
    QC_ASSIGN(Trace trace, parse_trace(answer));
    for (TraceEvent& event : trace.events) {
      event.check = api_->check_receipt(event.transaction, event.receipt);
      // The receipt must be for what the row says, not merely be a good receipt.
      const ReceiptCheck& check = event.check;
      if (check.verified &&
          (check.tx != event.tx || check.op != event.op || check.index != event.index)) {
        event.check = {};
        event.check.error_code = "receipt.wrong_transaction";
      }
    }
    if (trace.events.size() <= kMaxTraceGlyphs) add_glyphs(trace, glyphs_);
    return trace;
  });
}

}  // namespace qc::console
