// The state of the whole interface and what can be done with it, without any drawing.
#pragma once

#include <optional>
#include <string>

#include "gui/console/model/commands.hpp"
#include "gui/console/model/flows_model.hpp"
#include "gui/console/model/members_model.hpp"
#include "gui/console/model/plugins_model.hpp"
#include "gui/console/model/preferences.hpp"
#include "gui/console/model/session.hpp"
#include "gui/console/model/trace_model.hpp"

namespace qc::console {

enum class TraceTab { kFlows, kSubject };

struct SignInForm {
  SignInRequest request;
  bool by_file = false;         ///< passphrase from a file
  std::optional<Text> missing;  ///< what the last attempt lacked
};

/// Thread contract: the thread that draws.
class AppModel {
 public:
  AppModel(Session& session, Preferences preferences);

  /// Takes the newest snapshot; call once before each frame.
  void update(std::int64_t now_ms);
  const Snapshot& snapshot() const { return *snapshot_; }
  std::int64_t now_ms() const { return now_ms_; }
  Lang lang() const { return preferences.lang; }

  bool signed_in() const { return snapshot_->phase == Phase::kSignedIn; }
  /// Checks the form; starts to sign in when it is complete.
  void sign_in();
  void sign_out();

  View view() const { return view_; }
  void go(View view);
  TraceTab tab() const { return tab_; }
  void set_tab(TraceTab tab) { tab_ = tab; }
  void refresh();
  /// Shows a subject's trace. False when `account` cannot be one.
  bool trace(std::string account);

  /// Asks whether to do this to the selected plugin, when it is possible.
  void ask(const std::string& plugin, Verb verb);
  const std::optional<PluginAction>& asking() const { return asking_; }
  /// What to ask; nothing when the plugin is gone.
  std::optional<Confirmation> question() const;
  void answer(bool yes);

  void run(const Command& command);
  void toggle_theme();
  void toggle_language();
  void copy(std::string text);
  /// Text for the clipboard, once.
  std::optional<std::string> take_clipboard();

  const std::optional<Notice>& message() const { return message_; }
  void dismiss() { message_.reset(); }

  const Plugin* selected_plugin() const { return plugins.selection(); }
  /// The age of what the view shows; nothing before the first answer.
  std::optional<std::int64_t> data_age_ms() const;
  /// The state of the view on screen.
  ViewState state() const;
  /// Moves the selection of the table on screen.
  void move_selection(int delta);
  /// Selects a row of the table on screen. False when there is none with that key.
  bool select(const std::string& key);
  void set_filter(const std::string& text);
  const std::string& filter() const;
  void clear_selection();
  /// The selected row, or the whole table, as tab-separated values; "" when there is none.
  std::string selection_tsv() const;
  /// What the view shows, for scripts and tests (app_dump.cpp).
  Json dump();

  Preferences preferences;
  SignInForm form;
  Directory names;
  MembersModel members;
  PluginsModel plugins{names};
  FlowsModel flows{names};
  TraceModel events{names};
  std::string account_input;
  bool palette_open = false;
  std::string palette_text;
  int palette_at = 0;
  bool focus_search = false;  ///< the view should put the caret into its filter
  bool reveal = false;        ///< the table should scroll to its selection
  bool preferences_changed = false;

 private:
  template <typename F>
  auto with_table(F f) const;
  template <typename F>
  auto with_table(F f);
  void take_outcome();

  Session& session_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::int64_t now_ms_ = 0;
  View view_ = View::kOverview;
  TraceTab tab_ = TraceTab::kFlows;
  std::optional<PluginAction> asking_;
  std::optional<Notice> message_;
  std::int64_t message_ms_ = 0;
  std::uint64_t seen_action_ = 0;
  std::optional<std::string> clipboard_;
};

}  // namespace qc::console
