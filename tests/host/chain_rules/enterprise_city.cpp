#include "tests/host/chain_rules/enterprise_city.hpp"

#include "sdk/proof/pseudonym.hpp"

namespace qc::chain::test {

EnterpriseCity::EnterpriseCity() : world(city()), acme(enterprise_of("acme")) {
  for (const char* person : {"bing", "ding"}) {
    world.must("reg", "subject.open", subject_body(world, person));
  }
  for (const char* item : {"ga.hukou", "rs.social"}) {
    Json body = item_body(item, 2);
    body["version"] = 2;
    body["subjects"] = {"person", "enterprise"};
    world.must(std::string(item).substr(0, 2), "item.define", body);
  }
  Json product = product_body("citizen_loan", "answer");
  product["version"] = 2;
  for (Json& entry : product["scope"]) entry["version"] = 2;
  world.must("bank", "product.define", product);
  world.must("op", "product.approve", {{"product", "citizen_loan"}, {"version", 2}});
  world.must("reg", "subject.open", enterprise_body(world, "acme", "jia"));
  for (const char* item : {"ga.hukou", "rs.social"}) {
    Json asset = asset_body(world, "acme", item);
    asset["subject"] = acme;
    asset["version"] = 2;
    assets[item] = asset.at("asset");
    world.must(std::string(item).substr(0, 2), "asset.issue", asset);
  }
}

Json EnterpriseCity::mandate(const std::string& holder, const std::string& role,
                             const std::string& parent) {
  return {{"mandate", world.fresh_id()},
          {"enterprise", acme},
          {"holder", account_of(holder)},
          {"role", role},
          {"parent", parent},
          {"items", Json::array()},
          {"cosign", false},
          {"until", world.now_s + 90 * kDay}};
}

std::string EnterpriseCity::give(const std::string& signer, const Json& body) {
  world.must(signer, "mandate.give", body);
  return body.at("mandate");
}

Json EnterpriseCity::presented_request() {
  Json request = request_body(world, "acme");
  request["subject"] = acme;
  request["product_version"] = 2;
  for (Json& entry : request["scope"]) entry["version"] = 2;
  world.must("bank", "request.create", request);
  world.must("acme", "request.open",
             {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
  return request;
}

Json EnterpriseCity::grant(const std::string& actor, const std::string& role,
                           const std::string& mandate) {
  Json body = grant_body(world, "acme", presented_request());
  body["subject"] = {{"kind", "enterprise"},
                     {"account", acme},
                     {"pseudonym", proof::pairwise_pseudonym(pseudonym_of("acme"), "bank")}};
  body["actor"] = {{"role", role}, {"account", account_of(actor)}, {"mandate", mandate}};
  for (Json& entry : body["scope"]) entry["asset"] = assets.at(entry.at("item"));
  return body;
}

}  // namespace qc::chain::test
