// Steps 3, 4 and 6: the citizen's side.
#include <algorithm>

#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/story_people.hpp"
#include "host/cli/story_steps.hpp"

namespace qc::cli {
namespace {

/// The optional fields of one item that is in the box: the citizen gives these and keeps the rest.
std::vector<std::string> choose_optional(const Plot& plot) {
  for (const Json& entry : plot.scope) {
    const std::string item = text_of(entry, "item");
    if (!plot.issued.contains(item)) continue;
    std::vector<std::string> chosen;
    for (const Json& field : entry.value("optional", Json::array())) {
      chosen.push_back(item + "." + value_text(field));
    }
    if (!chosen.empty()) return chosen;
  }
  return {};
}

std::size_t optional_asked(const Plot& plot) {
  std::size_t count = 0;
  for (const Json& entry : plot.scope) count += entry.value("optional", Json::array()).size();
  return count;
}

void split_lines(const std::string& text, std::vector<std::string>& lines) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at) + "\n");
    at = end + 1;
  }
}

/// Opens a box for the first citizen who can have one.
Status next_citizen(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const std::vector<Candidate> people, story_people(stage));
  for (const Candidate& person : people) {
    plot.wallet = stage.folder() / ("wallet-" + std::to_string(person.position));
    std::filesystem::remove(stage.wallet_passphrase());  // of a wallet that was not opened
    // The identity travels through a pipe into the citizen's own process, never as an argument.
    const auto act =
        stage.run({"wallet", "create", "--wallet", plot.wallet.string(), "--new-passphrase-file",
                   stage.wallet_passphrase().string(), "--url", stage.url(), "--host-key",
                   stage.in_city("host.jwk.json").string(), "--chain", stage.chain(), "--identity",
                   "-", "--receipts", stage.receipts().string()},
                  person.identity.dump());
    const std::string code = act.ok() ? text_of(act->json, "code") : "";
    // Opened meanwhile by someone else (the page for instance), or a card that has expired.
    if (code.starts_with("identity.")) {
      QC_TRY(mark_played(stage, person.position));
      continue;
    }
    QC_ASSIGN(const Json created, Stage::must(act));
    QC_TRY(mark_played(stage, person.position));
    plot.person = person.identity;
    plot.account = text_of(created, "account");
    for (const auto& [name, value] : created.items()) step.facts[name] = value;
    step.lines.push_back(line("市民 citizen", text_of(plot.person, "name") + " (合成 synthetic)"));
    step.lines.push_back(line("账户 account", plot.account));
    step.lines.push_back(
        line("密钥 key", text_of(created, "kid") + " (仅在本人处 on the citizen's side only)"));
    step.lines.push_back(line("账本 ledger", "#" + value_text(created.value("index", Json(0))) +
                                                 " " + operation("subject.open")));
    return {};
  }
  return not_found("story.no_citizen_left", "every sample citizen has had a turn");
}

/// Items that the product cannot do without.
Result<std::set<std::string>> required_items(const Stage& stage, const Plot& plot) {
  QC_ASSIGN(const Json catalogue,
            Stage::must(stage.as_member("operator", {"operator", "catalogue"})));
  std::set<std::string> items;
  for (const Json& product : catalogue.value("products", Json::array())) {
    if (text_of(product, "product") != plot.product) continue;
    for (const Json& entry : product.value("scope", Json::array())) {
      if (!entry.value("required", Json::array()).empty()) items.insert(text_of(entry, "item"));
    }
  }
  return items;
}

Status fetch_all(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json fetched,
            Stage::must(stage.as_citizen(plot.wallet, {"wallet", "fetch", "--all"})));
  step.facts["account"] = plot.account;
  step.facts["items"] = fetched.value("items", Json::array());
  for (const Json& item : step.facts["items"]) {
    const bool issued = text_of(item, "outcome") == "issued";
    if (issued) plot.issued.insert(text_of(item, "item"));
    step.lines.push_back(
        line(text_of(item, "item"), issued ? "签发 issued by " + text_of(item, "issuer") + ", " +
                                                 value_text(item["fields"]) + " 字段 fields, #" +
                                                 value_text(item["index"])
                                           : "无记录 no record"));
  }
  return {};
}

Status show_own_screen(const Stage& stage, const Plot& plot, Step& step) {
  QC_ASSIGN(const Json shown, Stage::must(stage.as_citizen(plot.wallet, {"wallet", "show"})));
  std::size_t verified = 0;
  step.lines.emplace_back("  本人屏幕 the citizen's own screen:\n");
  for (const Json& asset : shown.value("assets", Json::array())) {
    verified += asset.value("verified", false) ? 1 : 0;
    split_lines(text_of(asset, "screen"), step.lines);
  }
  step.facts["verified_assets"] = verified;
  if (verified == plot.issued.size()) return {};
  return internal("story.assets_differ", "the box does not hold what was issued");
}

}  // namespace

Status open_box(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json status, Stage::must(stage.as_member("operator", {"operator", "status"})));
  plot.first_index = status.value("health", Json::object()).value("size", std::int64_t{0}) - 1;
  return next_citizen(stage, plot, step);
}

Status fill_box(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const std::set<std::string> required, required_items(stage, plot));
  for (;;) {
    plot.issued.clear();
    QC_TRY(fetch_all(stage, plot, step));
    const auto missing = std::find_if(required.begin(), required.end(), [&plot](const auto& item) {
      return !plot.issued.contains(item);
    });
    if (missing == required.end()) break;
    // Not everyone has a housing fund account; such a citizen cannot ask for this loan.
    step.lines.push_back(line(*missing, "此人无此记录,换下一位 no such record: the next citizen"));
    step.facts["passed_over"] = step.facts.value("passed_over", 0) + 1;
    QC_TRY(next_citizen(stage, plot, step));
  }
  return show_own_screen(stage, plot, step);
}

Status grant_consent(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json asked, Stage::must(stage.as_citizen(plot.wallet, {"wallet", "requests"})));
  const Json requests = asked.value("requests", Json::array());
  const bool arrived = std::any_of(requests.begin(), requests.end(), [&plot](const Json& entry) {
    return text_of(entry, "request") == plot.request && text_of(entry, "state") == "REQUESTED";
  });
  if (!arrived) return not_found("story.request_missing", "the request did not reach the citizen");
  plot.optional = choose_optional(plot);
  std::vector<std::string> approve = {"wallet", "approve", plot.request, "--yes", "--values"};
  for (const std::string& field : plot.optional) {
    approve.insert(approve.end(), {"--optional", field});
  }
  for (const char* name :
       {"third_party", "sensitive", "adverse_credit_notice", "automated_decision"}) {
    approve.insert(approve.end(), {"--accept", name});
  }
  QC_ASSIGN(const Json signed_grant, Stage::must(stage.as_citizen(plot.wallet, approve)));
  plot.grant = text_of(signed_grant, "grant");
  step.facts = {{"grant", plot.grant},
                {"request", plot.request},
                {"given", signed_grant.value("given", Json())},
                {"separate", signed_grant.value("separate", Json())},
                {"index", signed_grant.value("index", Json())},
                {"optional_asked", optional_asked(plot)},
                {"optional_given", plot.optional.size()}};
  split_lines(text_of(signed_grant, "screen"), step.lines);
  for (const Json& entry : step.facts["given"]) {
    step.lines.push_back(line("给予 given " + text_of(entry, "item"), joined(entry["fields"])));
  }
  step.lines.push_back(line("可选 optional", std::to_string(plot.optional.size()) + " / " +
                                                 std::to_string(optional_asked(plot)) +
                                                 " 给予 given"));
  step.lines.push_back(line("授权 grant", plot.grant + " #" + value_text(step.facts["index"])));
  return {};
}

}  // namespace qc::cli
