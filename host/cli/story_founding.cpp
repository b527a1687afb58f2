// Steps 1 and 2: members and plugins. What the ledger has already is recognised.
#include "host/cli/directory.hpp"
#include "host/cli/package.hpp"
#include "host/cli/show.hpp"
#include "host/cli/story_steps.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::cli {
namespace {

constexpr const char* kOperator = "operator";

Result<Json> list_plugins(const Stage& stage) {
  QC_ASSIGN(const Json answer,
            Stage::must(stage.as_member(kOperator, {"operator", "plugin", "list"})));
  return array_of(answer, "plugins");
}

std::string state_of(const Json& plugins, const Package& package) {
  for (const Json& entry : plugins) {
    if (text_of(entry, "plugin") != package.plugin) continue;
    // Another build of the package than the one on disk is not what would be admitted now.
    return text_of(entry, "digest") == package.digest ? text_of(entry, "state") : "outdated";
  }
  return "absent";
}

/// Loads the plugin, admitting it first where the ledger does not know this package.
Result<std::string> bring_up(const Stage& stage, const Json& plugin, const Package& package) {
  QC_ASSIGN(const Json plugins, list_plugins(stage));
  if (state_of(plugins, package) == "active") return std::string("already_active");
  const std::vector<std::string> load = {"operator", "plugin", "load", package.plugin};
  const auto first = stage.as_member(kOperator, load);
  if (first.ok() && first->exit_code == 0) return std::string("loaded");
  const std::string key = stage.in_city("keys/" + text_of(plugin, "key") + ".jwk.json").string();
  std::vector<std::string> admit = {"operator", "admit-plugin",
                                    stage.package(package.plugin).string(), "--jwk", key};
  for (std::string& asked : proof::asked_capabilities(package.manifest)) {
    admit.insert(admit.end(), {"--capability", std::move(asked)});
  }
  QC_ASSIGN(const Json admitted, Stage::must(stage.as_member(kOperator, admit)));
  QC_ASSIGN(const Json loaded, Stage::must(stage.as_member(kOperator, load)));
  if (text_of(loaded, "state") != "active") {
    return unavailable(
        "story.plugin_not_active",
        package.plugin + " is " + text_of(loaded, "state") + ": " + text_of(loaded, "reason"));
  }
  return std::string("admitted_and_loaded");
}

/// Operator and regulator together approve products and change the policy from here on.
Status adopt_policy(const Stage& stage, Step& step) {
  QC_ASSIGN(const Json before, Stage::must(stage.as_member(kOperator, {"governance", "policy"})));
  std::string outcome = "already_adopted";
  if (before.value("version", 0) == 1) {
    QC_ASSIGN(const Json adopted,
              Stage::must(stage.as_member(
                  kOperator, {"governance", "set-policy", "--kind", "operator", "--kind",
                              "regulator", "--product", "2", "--policy", "2"})));
    outcome = "adopted";
    step.facts["policy_decision"] = adopted.value("decision", "");
  }
  QC_ASSIGN(const Json policy, Stage::must(stage.as_member(kOperator, {"governance", "policy"})));
  step.facts["policy"] = policy;
  step.lines.push_back(
      line("治理规则 policy",
           "运营方与监管共同批准产品 operator and regulator approve products – " + outcome));
  return {};
}

/// The operator proposes the approval, the regulator's vote carries it.
Status approve_product(const Stage& stage, const Plot& plot, const std::string& product,
                       Json& approval) {
  QC_ASSIGN(const Json proposed,
            Stage::must(stage.as_member(kOperator, {"operator", "approve-product", product})));
  approval = {{"proposal", proposed.value("tx", "")}, {"proposed", proposed.value("decision", "")}};
  if (proposed.value("decision", "") != "OPEN") return {};
  QC_ASSIGN(const Json voted,
            Stage::must(stage.as_member(
                plot.regulator, {"governance", "vote", "--approve", proposed.value("tx", "")})));
  approval["voted"] = voted.value("decision", "");
  return {};
}

Status bring_up_product(const Stage& stage, const Json& plugin, const Plot& plot, Step& step) {
  const std::string owner = text_of(plugin, "owner");
  const std::string id = text_of(plugin, "plugin");  // a sample product bears its plugin's name
  const auto find = [&]() -> Result<Json> {
    QC_ASSIGN(const Json catalogue,
              Stage::must(stage.as_member(kOperator, {"operator", "catalogue"})));
    for (const Json& product : catalogue.value("products", Json::array())) {
      if (text_of(product, "product") == id) return product;
    }
    return Json();
  };
  QC_ASSIGN(Json product, find());
  std::string outcome = "already_approved";
  Json approval;
  if (product.is_null()) {
    QC_ASSIGN(const Json defined,
              Stage::must(
                  stage.as_member(owner, {"bank", "define-product", stage.package(id).string()})));
    outcome = "defined_and_approved";
    (void)defined;
  }
  if (product.is_null() || text_of(product, "status") == "proposed") {
    QC_TRY(approve_product(stage, plot, id, approval));
    QC_ASSIGN(product, find());
  }
  step.facts["products"].push_back({{"product", id},
                                    {"outcome", outcome},
                                    {"approval", approval},
                                    {"name_zh", text_of(product, "name_zh")},
                                    {"name_en", text_of(product, "name_en")}});
  step.lines.push_back(line("产品 product", name_of(product) + " – " + outcome));
  return {};
}

}  // namespace

Status found_network(const Stage& stage, Plot&, Step& step) {
  QC_ASSIGN(const Json status, Stage::must(stage.as_member(kOperator, {"operator", "status"})));
  const std::string chain = text_of(status.value("health", Json::object()), "chain");
  if (chain != stage.chain()) {
    return conflict("story.wrong_network", "the host there serves " + chain);
  }
  QC_ASSIGN(const Json answer, Stage::must(stage.as_member(kOperator, {"operator", "members"})));
  QC_ASSIGN(const Json members, array_of(answer, "members"));
  step.facts["chain"] = chain;
  step.facts["members"] = Json::array();
  step.lines.push_back(line("网络 network", chain));
  for (const Json& member : members) {
    if (text_of(member, "account") == kOperator) {
      step.lines.push_back(line(kOperator, name_of(member) + " – 创立者 founder"));
    }
  }
  for (const Json& account : stage.city().at("members")) {
    const std::string name = value_text(account);
    std::string outcome = "already_member";
    const bool known = std::any_of(members.begin(), members.end(), [&name](const Json& member) {
      return text_of(member, "account") == name;
    });
    if (!known) {
      QC_ASSIGN(const Json admitted,
                Stage::must(stage.as_member(
                    kOperator, {"operator", "admit-member", "--file",
                                stage.in_city("members/" + name + ".json").string()})));
      outcome = "admitted";
      (void)admitted;
    }
    step.facts["members"].push_back({{"account", name}, {"outcome", outcome}});
  }
  QC_ASSIGN(const Json after, Stage::must(stage.as_member(kOperator, {"operator", "members"})));
  for (const Json& member : after.value("members", Json::array())) {
    for (Json& row : step.facts["members"]) {
      if (row["account"] != text_of(member, "account")) continue;
      row["kind"] = text_of(member, "kind");
      row["name_zh"] = text_of(member, "name_zh");
      row["name_en"] = text_of(member, "name_en");
      step.lines.push_back(
          line(text_of(member, "account"),
               name_of(member) + (row["outcome"] == "admitted" ? " – 已准入 admitted"
                                                               : " – 已是成员 already a member")));
    }
  }
  return adopt_policy(stage, step);
}

Status start_plugins(const Stage& stage, Plot& plot, Step& step) {
  step.facts["plugins"] = Json::array();
  step.facts["products"] = Json::array();
  for (const Json& plugin : stage.city().at("plugins")) {
    const std::string id = text_of(plugin, "plugin");
    QC_ASSIGN(const Package package, read_package(stage.package(id)));
    QC_ASSIGN(const std::string outcome, bring_up(stage, plugin, package));
    Json row = {{"plugin", id},         {"version", package.version},
                {"kind", package.kind}, {"digest", package.digest},
                {"outcome", outcome},   {"items", Json::array()}};
    std::string text = package.version + " SM3 " + shortened(package.digest) + " – " + outcome;
    if (package.kind == "department") {
      QC_ASSIGN(const Json published, Stage::must(stage.as_member(text_of(plugin, "owner"),
                                                                  {"department", "publish-items",
                                                                   stage.package(id).string()})));
      for (const Json& item : published.value("items", Json::array())) {
        row["items"].push_back(item.value("item", Json()));
      }
      text += ", " + joined(row["items"]);
    }
    step.facts["plugins"].push_back(row);
    step.lines.push_back(line(id, text));
    if (package.kind == "product") QC_TRY(bring_up_product(stage, plugin, plot, step));
  }
  return {};
}

}  // namespace qc::cli
