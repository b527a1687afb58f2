// Each sample plugin inside the host and in a process of its own: the same results.
#include <gtest/gtest.h>

#include "tests/plugins/bench.hpp"

namespace qc::bench {
namespace {

using plugin::Isolation;

const char* const kPlugins[] = {"public_security", "human_resources", "housing_fund",
                                "citizen_loan"};
const char* const kItems[] = {"ga.hukou",      "ga.id_card",  "rs.insurance", "rs.contribution",
                              "rs.employment", "gjj.account", "gjj.loan"};

/// What a citizen's record says, without what is random by design (ids, salts, times of issue).
Json issued(Bench& bench, const Wallet& wallet, const std::string& item) {
  const auto asset = bench.issue(wallet, item);
  if (!asset.ok()) return {{"item", item}, {"code", asset.error().code}};
  const std::string owner = item.substr(0, item.find('.'));
  const auto view =
      crypto::sdjwt_verify(asset->sd_jwt, bench.private_key(owner).public_key(), bench.now_s());
  EXPECT_TRUE(view.ok()) << item;
  if (!view.ok()) return {{"item", item}, {"code", view.error().code}};
  return {{"item", item},
          {"fields", view->fields},
          {"vct", view->claims.at("vct")},
          {"iss", view->claims.at("iss")},
          {"sub", view->claims.at("sub")},
          {"expires", view->claims.at("exp")}};
}

Json decided(Bench& bench, const Wallet& wallet) {
  const auto message = bench.full_message(wallet);
  if (!message.ok()) return {{"code", message.error().code}};
  const auto answer = bench.manager().call("citizen_loan", "decide", *message, 5000);
  if (!answer.ok()) return {{"code", answer.error().code}};
  auto decision = bench.open_decision(answer->message);
  EXPECT_TRUE(decision.ok());
  if (!decision.ok()) return {{"code", decision.error().code}};
  for (Json& asset : decision->at("relied_on")) asset.erase("asset");
  return *decision;
}

Json refused(Bench& bench) {
  Json codes = Json::array();
  for (const char* plugin : kPlugins) {
    for (const char* method : {"issue", "decide", "prove_identity", "no_such_method"}) {
      const auto answer = bench.manager().call(plugin, method, {{"now", bench.now_s()}}, 5000);
      codes.push_back(answer.ok() ? "accepted" : answer.error().code + '@' + answer.error().field);
    }
  }
  return codes;
}

Json everything(Bench& bench, Isolation isolation) {
  bench.run_in(isolation);
  Json results = Json::array();
  for (const char* plugin : kPlugins) {
    const auto info = bench.manager().info(plugin);
    EXPECT_TRUE(info.ok());
    EXPECT_EQ(info->isolation, isolation);
    EXPECT_EQ(info->runner.pid != 0, isolation == Isolation::kProcess);
    results.push_back({{"plugin", plugin},
                       {"description", info->description},
                       {"jwk", info->jwk},
                       {"items", info->items},
                       {"product", info->product}});
  }
  for (std::size_t person = 0; person < 8; ++person) {
    const auto wallet = bench.open_account(person);
    if (!wallet.ok()) results.push_back(wallet.error().code);  // one of them has an expired card
    if (!wallet.ok()) continue;
    results.push_back(wallet->account);
    for (const char* item : kItems) results.push_back(issued(bench, *wallet, item));
    results.push_back(decided(bench, *wallet));
  }
  results.push_back(refused(bench));
  for (const char* plugin : kPlugins) {
    // In a process: nothing was tried that the confinement refuses, and nothing died.
    const auto info = bench.manager().info(plugin);
    EXPECT_EQ(info->reason, "") << plugin;
    EXPECT_EQ(info->runner.refusals, 0U) << plugin;
    EXPECT_EQ(info->runner.restarts, 0U) << plugin;
  }
  return results;
}

TEST(BothModesTest, EverySamplePluginSaysTheSame) {
  Bench bench;
  const Json inside = everything(bench, Isolation::kHost);
  const Json apart = everything(bench, Isolation::kProcess);
  EXPECT_GT(inside.size(), 60U);
  ASSERT_EQ(inside.size(), apart.size());
  for (std::size_t i = 0; i < inside.size(); ++i) EXPECT_EQ(inside[i], apart[i]);
}

}  // namespace
}  // namespace qc::bench
