#include "gui/console/model/app_model.hpp"

namespace qc::console {
namespace {

constexpr std::int64_t kMessageMs = 6'000;
constexpr std::int64_t kErrorMessageMs = 20'000;

}  // namespace

AppModel::AppModel(Session& session, Preferences chosen)
    : preferences(std::move(chosen)), session_(session), snapshot_(session.snapshot()) {
  form.request.url = preferences.url;
  form.request.key_file = preferences.key_file;
}

void AppModel::update(std::int64_t now_ms) {
  now_ms_ = now_ms;
  snapshot_ = session_.snapshot();
  if (names.update(*snapshot_)) {
    plugins.invalidate();
    flows.invalidate();
    events.invalidate();
  }
  members.rows(snapshot_->members.data, lang());
  plugins.rows(snapshot_->plugins.data, lang());
  flows.rows(snapshot_->flows.data, lang());
  events.rows(events_of(snapshot_->trace.data), lang());
  take_outcome();
  if (message_) {
    const std::int64_t life = message_->tone == Tone::kBad ? kErrorMessageMs : kMessageMs;
    if (now_ms - message_ms_ > life) message_.reset();
  }
}

void AppModel::take_outcome() {
  const auto& last = snapshot_->last_action;
  if (!last || last->serial == seen_action_) return;
  seen_action_ = last->serial;
  message_ = notice(*last, *snapshot_, lang());
  message_ms_ = now_ms_;
}

void AppModel::sign_in() {
  SignInRequest request = form.request;
  form.missing.reset();
  if (request.url.empty()) {
    form.missing = Text::kMissingUrl;
  } else if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
    form.missing = Text::kBadUrl;
  } else if (request.key_file.empty()) {
    form.missing = Text::kMissingKey;
  } else if (form.by_file && request.passphrase_file.empty()) {
    form.missing = Text::kMissingPassphraseFile;
  } else if (!form.by_file && request.passphrase.empty()) {
    form.missing = Text::kMissingPassphrase;
  }
  if (form.missing) return;
  if (!form.by_file) request.passphrase_file.clear();
  if (form.by_file) request.passphrase.clear();
  preferences.url = request.url;
  preferences.key_file = request.key_file;
  preferences_changed = true;
  session_.watch(view_);
  session_.sign_in(std::move(request));
}

void AppModel::sign_out() {
  session_.sign_out();
  std::fill(form.request.passphrase.begin(), form.request.passphrase.end(), '\0');
  form.request.passphrase.clear();
  asking_.reset();
  message_.reset();
  palette_open = false;
  seen_action_ = 0;
}

void AppModel::go(View view) {
  view_ = view;
  session_.watch(view);
}

void AppModel::refresh() {
  session_.refresh(view_);
  if (view_ == View::kTrace && tab_ == TraceTab::kSubject && !snapshot_->trace_account.empty()) {
    (void)session_.trace(snapshot_->trace_account);
  }
}

bool AppModel::trace(std::string account) {
  if (!normalise_account(account)) return false;
  account_input = account;
  go(View::kTrace);
  tab_ = TraceTab::kSubject;
  return session_.trace(std::move(account));
}

void AppModel::ask(const std::string& plugin, Verb verb) {
  if (!snapshot_->plugins.data) return;
  for (const Plugin& p : *snapshot_->plugins.data) {
    if (p.plugin != plugin || !availability(&p, verb, *snapshot_).enabled) continue;
    asking_ = PluginAction{plugin, verb};
  }
}

std::optional<Confirmation> AppModel::question() const {
  if (!asking_ || !snapshot_->plugins.data) return std::nullopt;
  for (const Plugin& p : *snapshot_->plugins.data) {
    if (p.plugin == asking_->plugin) return confirmation(p, asking_->verb, names, lang());
  }
  return std::nullopt;
}

void AppModel::answer(bool yes) {
  if (!asking_) return;
  const PluginAction action = *asking_;
  asking_.reset();
  if (!yes || session_.run(action)) return;
  ActionOutcome full{0, action, unavailable("console.queue_full", "too many actions wait")};
  message_ = notice(full, *snapshot_, lang());
  message_ms_ = now_ms_;
}

void AppModel::run(const Command& command) {
  palette_open = false;
  switch (command.kind) {
    case Command::Kind::kGo:
      if (const auto view = view_from(command.argument)) go(*view);
      return;
    case Command::Kind::kLanguage:
      return toggle_language();
    case Command::Kind::kTheme:
      return toggle_theme();
    case Command::Kind::kRefresh:
      return refresh();
    case Command::Kind::kSearch:
      focus_search = true;
      return;
    case Command::Kind::kSignOut:
      return sign_out();
    case Command::Kind::kLoad:
    case Command::Kind::kDrain:
    case Command::Kind::kStop:
      go(View::kPlugins);
      (void)select(command.argument);
      return ask(command.argument, static_cast<Verb>(static_cast<int>(command.kind) -
                                                     static_cast<int>(Command::Kind::kLoad)));
    case Command::Kind::kMember:
      go(View::kMembers);
      members.set_kind("");
      members.set_filter("");
      (void)select(command.argument);
      return;
    case Command::Kind::kTrace:
      (void)trace(command.argument);
      return;
    case Command::Kind::kCopy:
      return copy(command.argument);
  }
}

void AppModel::toggle_theme() {
  preferences.dark = !preferences.dark;
  preferences_changed = true;
}

void AppModel::toggle_language() {
  preferences.lang = lang() == Lang::kZh ? Lang::kEn : Lang::kZh;
  preferences_changed = true;
  message_.reset();
}

void AppModel::copy(std::string text) { clipboard_ = std::move(text); }

std::optional<std::string> AppModel::take_clipboard() {
  std::optional<std::string> out;
  out.swap(clipboard_);
  return out;
}

std::optional<std::int64_t> AppModel::data_age_ms() const {
  std::int64_t loaded = snapshot_->overview.loaded_ms;
  if (view_ == View::kMembers) loaded = snapshot_->members.loaded_ms;
  if (view_ == View::kPlugins) loaded = snapshot_->plugins.loaded_ms;
  if (view_ == View::kTrace) {
    loaded = tab_ == TraceTab::kFlows ? snapshot_->flows.loaded_ms : snapshot_->trace.loaded_ms;
  }
  if (loaded == 0) return std::nullopt;
  return std::max<std::int64_t>(0, now_ms_ - loaded);
}

ViewState AppModel::state() const {
  const Snapshot& s = *snapshot_;
  switch (view_) {
    case View::kOverview:
      return view_state(s.overview, false, now_ms_);
    case View::kMembers:
      return view_state(s.members, s.members.data && s.members.data->empty(), now_ms_);
    case View::kPlugins:
      return view_state(s.plugins, s.plugins.data && s.plugins.data->empty(), now_ms_);
    case View::kTrace:
      if (tab_ == TraceTab::kFlows) {
        return view_state(s.flows, s.flows.data && s.flows.data->empty(), now_ms_);
      }
      if (s.trace_account.empty()) return ViewState::kEmpty;
      // A trace is read once on demand: it is of its moment, and only a failed reading is stale.
      if (s.trace.data && !s.trace.error) {
        return s.trace.data->events.empty() ? ViewState::kEmpty : ViewState::kReady;
      }
      return view_state(s.trace, false, now_ms_);
  }
  return ViewState::kLoading;
}

template <typename F>
auto AppModel::with_table(F f) {
  if (view_ == View::kMembers) return f(members);
  if (view_ == View::kPlugins) return f(plugins);
  if (view_ == View::kTrace && tab_ == TraceTab::kSubject) return f(events);
  return f(flows);
}

template <typename F>
auto AppModel::with_table(F f) const {
  if (view_ == View::kMembers) return f(members);
  if (view_ == View::kPlugins) return f(plugins);
  if (view_ == View::kTrace && tab_ == TraceTab::kSubject) return f(events);
  return f(flows);
}

void AppModel::move_selection(int delta) {
  with_table([&](auto& table) { table.move(delta); });
  reveal = true;
}

bool AppModel::select(const std::string& key) {
  reveal = true;
  return with_table([&](auto& table) {
    const std::string before = table.selected();
    table.select(key);
    if (table.selection() != nullptr) return true;
    table.select(before);
    return false;
  });
}

void AppModel::set_filter(const std::string& text) {
  with_table([&](auto& table) { table.set_filter(text); });
}

const std::string& AppModel::filter() const {
  const std::string* text = nullptr;
  with_table([&](const auto& table) { text = &table.filter(); });
  return *text;
}

void AppModel::clear_selection() {
  with_table([](auto& table) { table.select(""); });
}

std::string AppModel::selection_tsv() const {
  return with_table([&](const auto& table) -> std::string {
    const auto* row = table.selection();
    return row == nullptr ? std::string() : table.row_tsv(*row, lang());
  });
}

}  // namespace qc::console
