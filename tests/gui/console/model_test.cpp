// The models of the console's views, without a window.
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "gui/console/model/app_model.hpp"
#include "gui/console/model/format.hpp"
#include "gui/console/model/script.hpp"
#include "gui/console/model/summary.hpp"
#include "sdk/base/bytes.hpp"

namespace qc::console {
namespace {

constexpr Text text_at(int i) { return static_cast<Text>(i); }

std::string slots_of(std::string_view text) {
  std::set<char> found;
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '{' && text[i + 2] == '}') found.insert(text[i + 1]);
  }
  return {found.begin(), found.end()};
}

TEST(Strings, BothLanguagesAreCompleteAndTakeTheSameArguments) {
  for (int i = 0; i < static_cast<int>(Text::kCount); ++i) {
    const std::string zh = tr(text_at(i), Lang::kZh);
    const std::string en = tr(text_at(i), Lang::kEn);
    EXPECT_FALSE(zh.empty()) << i;
    EXPECT_FALSE(en.empty()) << i;
    EXPECT_EQ(slots_of(zh), slots_of(en)) << zh << " / " << en;
  }
}

TEST(Strings, EnglishHasNoChineseExceptTheSwitch) {
  for (int i = 0; i < static_cast<int>(Text::kCount); ++i) {
    if (text_at(i) == Text::kLanguageSwitch || text_at(i) == Text::kCmdLanguage) continue;
    GlyphSet glyphs;
    add_glyphs(tr(text_at(i), Lang::kEn), glyphs);
    for (std::size_t c = 0x2E80; c < 0xFFF0; ++c) {
      EXPECT_FALSE(glyphs.test(c)) << tr(text_at(i), Lang::kEn);
    }
  }
}

TEST(Strings, FillPutsArgumentsInTheirPlaces) {
  EXPECT_EQ(fill(Text::kRowsFiltered, Lang::kEn, {"3", "10"}), "3 of 10 rows");
  EXPECT_EQ(fill(Text::kRowsFiltered, Lang::kZh, {"3", "10"}), "3 / 10 行");
  EXPECT_EQ(fill(Text::kRowsFiltered, Lang::kEn, {"3"}), "3 of  rows");
}

TEST(Format, FiguresTimesAndIdentifiers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(18446744073709551615ULL), "18,446,744,073,709,551,615");
  EXPECT_EQ(shortened("short"), "short");
  EXPECT_EQ(shortened("0123456789abcdef0123456789abcdef"), "01234567…abcdef");
  EXPECT_EQ(date_time(0), "–");
  EXPECT_EQ(duration(59, Lang::kEn), "59 s");
  EXPECT_EQ(duration(3600 * 26, Lang::kZh), "1 天 2 时");
  EXPECT_EQ(age(9'999, Lang::kEn), "up to date");
  EXPECT_EQ(age(47'000, Lang::kEn), "40 s ago");
  EXPECT_EQ(age(7'300'000, Lang::kZh), "2 小时前");
  EXPECT_EQ(tsv_row({"a\tb", "c\nd"}), "a b\tc d\n");
}

TEST(Format, TextFromOutsideIsMadeDrawable) {
  EXPECT_EQ(displayable("济南"), "济南");
  EXPECT_EQ(displayable("a\x1b[31m\nb"), "a [31m b");
  // 𠮷 (U+20BB7) is beyond the basic plane; U+202E would turn the text round.
  EXPECT_EQ(displayable("\xF0\xA0\xAE\xB7野"), "U+20BB7野");
  EXPECT_EQ(displayable("admin\xE2\x80\xAEgpj"), "admin gpj");
  EXPECT_EQ(displayable("\xFF\xC3("), "\xEF\xBF\xBD\xEF\xBF\xBD(");
}

std::vector<Member> some_members() {
  Member a;
  a.account = "qilu-bank";
  a.kind = "bank";
  a.name_zh = "齐鲁示例银行";
  a.name_en = "Qilu Sample Bank";
  a.status = "active";
  a.uscc = "913701000000000042";
  Member b = a;
  b.account = "ga";
  b.kind = "department";
  b.name_zh = "济南市公安局";
  b.name_en = "Public Security";
  Member c = a;
  c.account = "jn-data";
  c.kind = "operator";
  c.name_zh = "济南市大数据局";
  c.name_en = "";
  c.status = "suspended";
  return {a, b, c};
}

TEST(Members, OrderFilterSelectionAndCopy) {
  const auto data = std::make_shared<const std::vector<Member>>(some_members());
  MembersModel model;
  auto keys = [&](Lang lang) {
    std::string out;
    for (const Member* m : model.rows(data, lang)) out += m->account + " ";
    return out;
  };
  EXPECT_EQ(keys(Lang::kZh), "jn-data ga qilu-bank ") << "operators first, then departments";
  model.sort_by(MembersModel::kAccount, false);
  EXPECT_EQ(keys(Lang::kZh), "qilu-bank jn-data ga ");
  model.set_filter("公安");
  EXPECT_EQ(keys(Lang::kEn), "ga ") << "found by its Chinese name in English too";
  model.set_filter("QILU");
  EXPECT_EQ(keys(Lang::kEn), "qilu-bank ");
  model.set_filter("");
  model.set_kind("operator");
  EXPECT_EQ(keys(Lang::kEn), "jn-data ");
  EXPECT_EQ(model.cells((*data)[2], Lang::kEn)[MembersModel::kName], "jn-data")
      << "no English name: the account";
  model.set_kind("");
  keys(Lang::kEn);
  EXPECT_EQ(model.selection(), nullptr);
  model.move(1);
  EXPECT_EQ(model.selected(), "qilu-bank");
  model.move(100);
  EXPECT_EQ(model.selected(), "ga");
  model.move(-1);
  EXPECT_EQ(model.selected(), "jn-data");
  ASSERT_NE(model.selection(), nullptr);
  EXPECT_EQ(model.row_tsv(*model.selection(), Lang::kEn),
            "jn-data\tjn-data\tOperator\t\t913701000000000042\t\tSuspended\n");
  EXPECT_EQ(model.table_tsv(Lang::kEn).substr(0, 13), "Name\tAccount\t");
}

Snapshot governed(const char* kind) {
  Snapshot s;
  s.phase = Phase::kSignedIn;
  s.identity.kind = kind;
  return s;
}

TEST(Plugins, EachActionIsPossibleInItsStatesOnlyAndSaysWhyElse) {
  const Snapshot s = governed("operator");
  struct Case {
    const char* state;
    bool load, drain, stop;
  };
  const Case cases[] = {{"discovered", true, false, false}, {"verified", true, false, false},
                        {"admitted", true, false, false},   {"loaded", false, false, true},
                        {"configured", false, false, true}, {"active", false, true, true},
                        {"draining", false, false, true},   {"stopped", true, false, false},
                        {"failed", true, false, false},     {"restarting", true, false, true},
                        {"quarantined", true, false, true}};
  for (const Case& c : cases) {
    Plugin p;
    p.plugin = "housing_fund";
    p.state = c.state;
    EXPECT_EQ(availability(&p, Verb::kLoad, s).enabled, c.load) << c.state;
    EXPECT_EQ(availability(&p, Verb::kDrain, s).enabled, c.drain) << c.state;
    EXPECT_EQ(availability(&p, Verb::kStop, s).enabled, c.stop) << c.state;
  }
  Plugin active;
  active.plugin = "housing_fund";
  active.state = "active";
  EXPECT_EQ(availability(&active, Verb::kLoad, s).why, Text::kWhyLoadActive);
  EXPECT_EQ(availability(nullptr, Verb::kLoad, s).why, Text::kWhySelect);
  EXPECT_EQ(availability(&active, Verb::kStop, governed("regulator")).why, Text::kWhyRegulator);
  Snapshot busy = governed("operator");
  busy.running = PluginAction{"housing_fund", Verb::kDrain};
  EXPECT_EQ(availability(&active, Verb::kStop, busy).why, Text::kWhyBusy);
}

TEST(Plugins, TheQuestionNamesObjectAndEffect) {
  Plugin p;
  p.plugin = "housing_fund";
  p.items = {"gjj.deposit"};
  p.in_flight = 1200;
  const Directory names;
  const Confirmation stop = confirmation(p, Verb::kStop, names, Lang::kEn);
  EXPECT_TRUE(stop.destructive);
  EXPECT_NE(stop.title.find("housing_fund"), std::string::npos);
  EXPECT_NE(stop.body.find("1,200 calls in flight will fail"), std::string::npos);
  EXPECT_NE(stop.body.find("gjj.deposit"), std::string::npos);
  EXPECT_FALSE(confirmation(p, Verb::kLoad, names, Lang::kZh).destructive);
}

TEST(Flows, OutcomesAreWordsWithATone) {
  Flow f;
  f.op = "access.release";
  f.outcome = "delivered";
  EXPECT_EQ(flow_badge(f, Lang::kEn).tone, Tone::kOk);
  f.op = "access.refuse";
  f.outcome = "grant.revoked";
  EXPECT_EQ(flow_badge(f, Lang::kEn).tone, Tone::kBad);
  EXPECT_EQ(flow_badge(f, Lang::kEn).word, "Refused by rule");
  f.op = "request.create";
  f.outcome = "";
  EXPECT_EQ(flow_badge(f, Lang::kZh).word, "已记录");
  f.outcome = "something-new";
  EXPECT_EQ(flow_badge(f, Lang::kZh).word, "something-new") << "an unknown code is not hidden";
}

TEST(Messages, EveryOperationHasAName) {
  for (const char* op : {"network.found", "member.admit", "subject.open", "asset.issue",
                         "request.create", "request.open", "grant.create", "grant.revoke",
                         "access.open", "access.refuse", "access.release", "access.ack"}) {
    EXPECT_NE(operation(op, Lang::kZh), op);
    EXPECT_NE(operation(op, Lang::kEn), op);
  }
}

TEST(Messages, ErrorsSayWhatToDo) {
  EXPECT_EQ(error_text(Error{ErrorKind::kUnavailable, "client.unreachable", "x"}, Lang::kEn),
            tr(Text::kErrUnreachable, Lang::kEn));
  const std::string abi = error_text(
      Error{ErrorKind::kConflict, "plugin.abi_mismatch", "host 1.0, plugin 2.0"}, Lang::kEn);
  EXPECT_NE(abi.find("host 1.0, plugin 2.0"), std::string::npos);
  EXPECT_EQ(error_text(invalid("json.wrong_type", "no", "members[2].name_zh"), Lang::kEn),
            "The host's answer breaks the contract: members[2].name_zh");
  EXPECT_EQ(error_text(Error{ErrorKind::kForbidden, "auth.role", "no"}, Lang::kEn),
            "The host does not allow this role to do that. (auth.role)");
}

TEST(Trace, SummariesAreTheHostsSentenceOrTranslatedMembers) {
  const Directory names;
  const Json told = {{"text_zh", "授权"}, {"text_en", "Consent"}, {"grant", "g"}};
  EXPECT_EQ(summary_text(told, names, Lang::kZh), "授权");
  EXPECT_EQ(summary_text(told, names, Lang::kEn), "Consent");
  const Json members = {{"product", "citizen_loan"},
                        {"items", {{{"item", "ga.resident"}, {"fields", {"name", "id_no"}}}}},
                        {"valid", {{"from", 1'769'850'000}, {"to", 1'769'950'000}}},
                        {"reason", ""}};
  const auto lines = summary_lines(members, names, Lang::kEn);
  ASSERT_EQ(lines.size(), 4U) << "the empty reason is left out";
  EXPECT_EQ(lines[0].label, "Items");
  EXPECT_EQ(lines[0].value, "ga.resident (name, id_no)");
  EXPECT_EQ(lines[1].label, "Product");
  EXPECT_EQ(lines[2].label, "Valid from");
  EXPECT_EQ(lines[2].value.substr(0, 8), "2026-01-");
}

TEST(Trace, AccountsAreTrimmedAndChecked) {
  std::string good = "  p-4c1f0b7d92e64a80b35d7f21c9e8a604\n";
  EXPECT_TRUE(normalise_account(good));
  EXPECT_EQ(good, "p-4c1f0b7d92e64a80b35d7f21c9e8a604");
  for (std::string bad : {"", "  ", "p/../../v1", "p-1?x=2", "济南"}) {
    EXPECT_FALSE(normalise_account(bad)) << bad;
  }
}

TEST(Parse, WrongAnswersAreErrorsThatNameTheField) {
  const auto code = [](const auto& result) { return result.error().code; };
  EXPECT_EQ(code(parse_members(Json{{"members", 3}})), "json.wrong_type");
  const auto member = parse_members(Json{{"members", {{{"account", 7}}}}});
  ASSERT_FALSE(member.ok());
  EXPECT_EQ(member.error().field, "member.account");
  EXPECT_FALSE(parse_plugins(Json{{"plugins", {{{"plugin", "x"}}}}}).ok()) << "no state";
  const auto with = [](const char* name, Json value) {
    return parse_plugins(
        Json{{"plugins", {{{"plugin", "x"}, {"state", "active"}, {name, std::move(value)}}}}});
  };
  EXPECT_EQ(with("latency_us", {{"p99", 153.6}})->front().p99_us, 153.6);
  EXPECT_EQ(with("canary", {{"version", "2"}, {"percent", 5}})->front().canary_percent, 5U);
  EXPECT_EQ(with("canary", nullptr)->front().canary, "");
  const auto budgets = with("budgets", {{"memory_mib", 1024}, {"time_ms", 2000}});
  EXPECT_EQ(budgets->front().memory_mib, 1024U);
  EXPECT_EQ(budgets->front().time_ms, 2000U);
  EXPECT_EQ(with("budgets", {{"memory_mib", nullptr}, {"time_ms", 9}})->front().memory_mib, 0U);
  EXPECT_EQ(with("budgets", {{"time_ms", "long"}}).error().field, "plugin.budgets.time_ms");
  EXPECT_EQ(with("capabilities", {"routes", "cpu:50"})->front().granted.size(), 2U);
  EXPECT_EQ(with("latency_us", {{"p99", "fast"}}).error().field, "plugin.latency_us.p99");
  EXPECT_EQ(with("canary", {{"calls", -1}}).error().field, "plugin.canary.calls");
  EXPECT_FALSE(parse_flows(Json{{"flows", {{{"op", "a"}, {"index", -1}}}}}).ok());
  EXPECT_FALSE(parse_health(Json::array()).ok());
  EXPECT_FALSE(parse_trace(Json{{"account", "p-1"}}).ok());
  const auto flow = parse_flows(Json{{"flows", {{{"op", "a"}, {"later", "member"}}}}});
  ASSERT_TRUE(flow.ok()) << "a newer host may add members";
  EXPECT_EQ(flow->front().index, 0U);
}

TEST(Script, StepsAreReadAndWrongOnesNameTheirLine) {
  const auto steps =
      parse_script("# a comment\n\nview plugins\n  wait state stopped \nfilter 公安 局\n");
  ASSERT_TRUE(steps.ok());
  ASSERT_EQ(steps->size(), 3U);
  EXPECT_EQ((*steps)[1].line, 4);
  EXPECT_EQ((*steps)[1].arguments, (std::vector<std::string>{"state", "stopped"}));
  EXPECT_EQ((*steps)[2].rest, "公安 局");
  for (const char* bad : {"fly", "view", "view attic", "action explode", "wait", "wait state",
                          "wait 12x", "lang fr", "confirm now", "theme blue"}) {
    const auto wrong = parse_script(std::string("view overview\n") + bad);
    ASSERT_FALSE(wrong.ok()) << bad;
    EXPECT_EQ(wrong.error().field, "line 2");
  }
  EXPECT_EQ(load_script("/no/such/file").error().code, "script.io");
}

TEST(Preferences, AreKeptAndADamagedFileGivesDefaults) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("qc-console-preferences-" + random_id());
  const auto file = folder / "console.json";
  Preferences p;
  p.lang = Lang::kEn;
  p.dark = true;
  p.url = "https://node.example:8440";
  p.key_file = "/keys/操作员.pem";
  ASSERT_TRUE(save_preferences(file, p).ok());
  const Preferences back = load_preferences(file);
  EXPECT_EQ(back.lang, Lang::kEn);
  EXPECT_TRUE(back.dark);
  EXPECT_EQ(back.url, p.url);
  EXPECT_EQ(back.key_file, p.key_file);
  std::ofstream(file) << "{\"lang\":";
  EXPECT_EQ(load_preferences(file).lang, Lang::kZh);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qc::console
