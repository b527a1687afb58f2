#include "tests/host/centre/story.hpp"

namespace qc::centre::test {
namespace {

using chain::test::account_of;
using chain::test::digest;
using chain::test::World;

std::string text(const Json& object, const char* name) {
  return object.at(name).get<std::string>();
}

Json open_request(World& world, const std::string& person, const std::string& release) {
  const Json request = chain::test::request_body(world, person, release);
  world.must("bank", "request.create", request);
  return request;
}

void present(World& world, const std::string& person, const Json& request) {
  world.must(person, "request.open",
             {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
}

Json take(World& world, const Json& grant, const std::string& outcome) {
  const Json open = chain::test::open_body(world, grant);
  world.must("bank", "access.open", open);
  world.must("host", "access.release", chain::test::release_body(world, open, outcome));
  return open;
}

void govern(World& world) {
  world.must("op", "member.suspend", {{"account", "svc"}, {"reason", "审计"}});
  world.must("op", "member.resume", {{"account", "svc"}, {"reason", "审计结束"}});
  world.must("op", "member.suspend", {{"account", "other"}, {"reason", "停业"}});
  world.must("svc", "key.rotate",
             {{"jwk", chain::test::jwk_of("svc2")},
              {"proof", chain::test::key_proof("svc", "svc2", "svc")}});
  Json second = chain::test::product_body("citizen_loan", "answer");
  second["version"] = 2;
  world.must("bank", "product.define", second);
  Json item = chain::test::item_body("ga.hukou", 2);
  item["version"] = 2;
  world.must("ga", "item.define", item);
}

}  // namespace

Story full_story() {
  Story story;
  story.world = chain::test::city();
  World& world = story.world;

  const Json request = open_request(world, "jia", "answer");
  story.jia_request = text(request, "request");
  present(world, "jia", request);
  const Json grant = chain::test::grant_body(world, "jia", request);
  story.jia_grant = text(grant, "grant");
  world.must("jia", "grant.create", grant);
  const Json first = take(world, grant, "delivered");
  story.delivered = text(first, "access");
  world.must("bank", "access.ack",
             {{"access", first.at("access")}, {"payload_sm3", digest("payload")}});
  story.partial = text(take(world, grant, "partial"), "access");
  world.must("jia", "grant.pause", {{"grant", grant.at("grant")}, {"reason", ""}});
  world.must("jia", "grant.resume", {{"grant", grant.at("grant")}, {"reason", ""}});
  world.must("jia", "grant.revoke", {{"grant", grant.at("grant")}, {"reason", "不再需要"}});
  const Json late = chain::test::open_body(world, grant);
  world.must("host", "access.refuse",
             {{"access", late.at("access")},
              {"grant", grant.at("grant")},
              {"code", "grant.revoked"},
              {"attempt", chain::test::sign("bank", "access.open", late, world.now_s)}});
  world.must("bank", "grant.delete", {{"grant", grant.at("grant")}});

  const Json refused = open_request(world, "yi", "fields");
  story.yi_request = text(refused, "request");
  present(world, "yi", refused);
  world.must("yi", "request.refuse", {{"request", refused.at("request")}, {"reason", "不同意"}});
  const Json cancelled = open_request(world, "yi", "answer");
  story.cancelled = text(cancelled, "request");
  world.must("bank", "request.cancel", {{"request", cancelled.at("request")}, {"reason", ""}});

  Json renewed = chain::test::asset_body(world, "yi", "rs.social");
  world.state.scan("of/" + account_of("yi") + "/asset/", "",
                   [&](const std::string& key, const Json&) {
                     const Json asset = world.doc("asset/" + key.substr(key.rfind('/') + 1));
                     if (asset.at("item") == "rs.social") story.superseded = text(asset, "asset");
                     if (asset.at("item") == "ga.hukou") story.erased = text(asset, "asset");
                     return true;
                   });
  renewed["supersedes"] = story.superseded;
  world.must("rs", "asset.issue", renewed);
  world.must("yi", "asset.erase", {{"asset", story.erased}, {"reason", "撤回"}});
  open_request(world, "yi", "fields");
  govern(world);
  story.transactions = chain::test::signed_history(world);
  return story;
}

}  // namespace qc::centre::test
