#include "gui/console/model/commands.hpp"

#include <algorithm>
#include <sstream>

#include "gui/console/model/format.hpp"
#include "gui/console/model/members_model.hpp"
#include "gui/console/model/plugins_model.hpp"
#include "gui/console/model/trace_model.hpp"

namespace qc::console {
namespace {

constexpr std::size_t kMaxShown = 50;

void add_general(const Snapshot& snapshot, Lang lang, std::vector<Command>& out) {
  for (int i = 0; i < kViews; ++i) {
    const View view = static_cast<View>(i);
    out.push_back({Command::Kind::kGo, std::string(view_name(view)),
                   fill(Text::kCmdGo, lang, {view_title(view, lang)}),
                   "Ctrl+" + std::to_string(i + 1)});
  }
  out.push_back({Command::Kind::kRefresh, "refresh", tr(Text::kCmdRefresh, lang), "F5"});
  out.push_back({Command::Kind::kSearch, "filter", tr(Text::kCmdSearch, lang), "Ctrl+F"});
  out.push_back({Command::Kind::kLanguage, "language", tr(Text::kCmdLanguage, lang), "Ctrl+L"});
  out.push_back({Command::Kind::kTheme, "theme", tr(Text::kCmdTheme, lang), "Ctrl+T"});
  out.push_back(
      {Command::Kind::kCopy, snapshot.identity.host_kid, tr(Text::kCmdCopyHost, lang), ""});
  out.push_back({Command::Kind::kCopy, snapshot.identity.chain, tr(Text::kCmdCopyChain, lang), ""});
  out.push_back({Command::Kind::kSignOut, "sign out", tr(Text::kSignOut, lang), ""});
}

void add_plugins(const Snapshot& snapshot, Lang lang, std::vector<Command>& out) {
  if (!snapshot.plugins.data) return;
  for (const Plugin& p : *snapshot.plugins.data) {
    for (const Verb verb : {Verb::kLoad, Verb::kDrain, Verb::kStop}) {
      if (!availability(&p, verb, snapshot).enabled) continue;
      const auto kind = static_cast<Command::Kind>(static_cast<int>(Command::Kind::kLoad) +
                                                   static_cast<int>(verb));
      out.push_back({kind, p.plugin,
                     fill(Text::kCmdPlugin, lang, {verb_label(verb, lang), plugin_name(p, lang)}),
                     ""});
    }
  }
}

void add_members(const Snapshot& snapshot, Lang lang, std::vector<Command>& out) {
  if (!snapshot.members.data) return;
  for (const Member& m : *snapshot.members.data) {
    out.push_back({Command::Kind::kMember, m.account,
                   fill(Text::kCmdMember, lang, {member_name(m, lang)}), ""});
  }
}

void add_subjects(const Snapshot& snapshot, std::string_view typed, Lang lang,
                  std::vector<Command>& out) {
  std::string account(typed);
  const bool whole = normalise_account(account);
  if (whole && (account.starts_with("p-") || account.starts_with("e-"))) {
    out.push_back(
        {Command::Kind::kTrace, account, fill(Text::kCmdTrace, lang, {shortened(account)}), ""});
  } else if (!snapshot.trace_account.empty()) {
    out.push_back({Command::Kind::kTrace, snapshot.trace_account,
                   fill(Text::kCmdTrace, lang, {shortened(snapshot.trace_account)}), ""});
  }
}

bool matches(const Command& command, const std::vector<std::string>& words) {
  const std::string text = folded(command.label + " " + command.argument + " " + command.shortcut);
  return std::all_of(words.begin(), words.end(),
                     [&](const std::string& word) { return text.find(word) != std::string::npos; });
}

}  // namespace

std::vector<Command> find_commands(const Snapshot& snapshot, std::string_view typed, Lang lang) {
  std::vector<Command> all;
  add_subjects(snapshot, typed, lang, all);
  add_general(snapshot, lang, all);
  add_plugins(snapshot, lang, all);
  add_members(snapshot, lang, all);
  std::vector<std::string> words;
  std::istringstream stream{folded(typed)};
  for (std::string word; stream >> word;) words.push_back(word);
  std::vector<Command> out;
  for (Command& command : all) {
    if (out.size() < kMaxShown && matches(command, words)) out.push_back(std::move(command));
  }
  return out;
}

}  // namespace qc::console
