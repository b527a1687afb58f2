// Every state against every event: the tables of docs/formats.md "States", cell by cell.
#include <array>

#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

constexpr std::int64_t kMinute = 60;

// --- Requests -----------------------------------------------------------------------------------

struct RequestWorld {
  World world;
  Json request, grant;
  std::string key() const { return "request/" + request.at("request").get<std::string>(); }
};

RequestWorld request_in(const std::string& state) {
  RequestWorld out{city(), {}, {}};
  World& world = out.world;
  out.request = request_body(world, "jia");
  const Json name{{"request", out.request.at("request")}};
  const auto act = [&](const char* signer, const char* op, const char* field, const Json& value) {
    Json body = name;
    body[field] = value;
    world.must(signer, op, body);
  };
  if (state != "none") world.must("bank", "request.create", out.request);
  const bool presented = state == "PRESENTED" || state == "GRANTED" || state == "LAPSED presented";
  if (presented) act("jia", "request.open", "notice_sm3", digest("notice"));
  out.grant = grant_body(world, "jia", out.request);
  if (state == "GRANTED") world.must("jia", "grant.create", out.grant);
  if (state == "REJECTED") act("jia", "request.refuse", "reason", "");
  if (state == "CANCELLED") act("bank", "request.cancel", "reason", "");
  if (state == "LAPSED") world.now_s += 7 * kDay;
  if (state == "LAPSED presented") world.now_s += 15 * kMinute;
  return out;
}

Result<Effect> request_event(RequestWorld& at, const std::string& event) {
  Json body{{"request", at.request.at("request")}};
  if (event == "grant.create") return at.world.apply("jia", event, at.grant);
  if (event == "request.create") return at.world.apply("bank", event, at.request);
  if (event == "request.open") {
    body["notice_sm3"] = digest("notice");
  } else {
    body["reason"] = "";
  }
  return at.world.apply(event == "request.cancel" ? "bank" : "jia", event, body);
}

TEST(RequestLifeCycle, EveryStateAgainstEveryEvent) {
  const std::map<std::string, std::map<std::string, std::string>> leads{
      {"none", {{"request.create", "REQUESTED"}}},
      {"REQUESTED",
       {{"request.open", "PRESENTED"},
        {"request.refuse", "REJECTED"},
        {"request.cancel", "CANCELLED"}}},
      {"PRESENTED",
       {{"grant.create", "GRANTED"},
        {"request.refuse", "REJECTED"},
        {"request.cancel", "CANCELLED"}}},
      {"REJECTED", {}},
      {"CANCELLED", {}},
      {"GRANTED", {}},
      {"LAPSED", {}},
      {"LAPSED presented", {}}};
  for (const auto& [state, events] : leads) {
    for (const std::string event :
         {"request.create", "request.open", "request.refuse", "request.cancel", "grant.create"}) {
      RequestWorld at = request_in(state);
      if (state != "none") {
        ASSERT_EQ(request_state_at(at.world.doc(at.key()), at.world.now_s),
                  state.substr(0, state.find(' ')));
      }
      const auto result = request_event(at, event);
      const auto expected = events.find(event);
      ASSERT_EQ(result.ok(), expected != events.end())
          << state << " x " << event << (result.ok() ? "" : ": " + result.error().code);
      if (result.ok()) {
        EXPECT_EQ(request_state_at(at.world.doc(at.key()), at.world.now_s), expected->second);
        EXPECT_EQ(result->subjects, std::set<std::string>{account_of("jia")});
        continue;
      }
      const std::string code = result.error().code;
      if (state == "none") {
        EXPECT_EQ(code, "request.not_found") << event;
      } else if (event == "request.create") {
        EXPECT_TRUE(code == "request.exists" || code == "request.in_the_past") << code;
      } else if (event == "grant.create" && state == "GRANTED") {
        EXPECT_EQ(code, "grant.exists");
      } else {
        EXPECT_EQ(code, "request.wrong_state") << state << " x " << event;
      }
    }
  }
}

TEST(RequestLifeCycle, TimeMovesItAtTheSecond) {
  RequestWorld at = request_in("PRESENTED");
  const Json doc = at.world.doc(at.key());
  const std::int64_t opened = doc.at("presented_at");
  EXPECT_EQ(request_state_at(doc, opened + 899), "PRESENTED");
  EXPECT_EQ(request_state_at(doc, opened + 900), "LAPSED");
  Json waiting = doc;
  waiting["state"] = "REQUESTED";
  const std::int64_t expires = doc.at("expires");
  EXPECT_EQ(request_state_at(waiting, expires - 1), "REQUESTED");
  EXPECT_EQ(request_state_at(waiting, expires), "LAPSED");
  // Opened a minute before it expires: a minute is left, not a quarter of an hour.
  Json late = doc;
  late["presented_at"] = expires - 60;
  EXPECT_EQ(request_state_at(late, expires - 1), "PRESENTED");
  EXPECT_EQ(request_state_at(late, expires), "LAPSED");
  at.world.now_s = opened + 899;
  EXPECT_TRUE(request_event(at, "grant.create").ok());
}

// --- Grants -------------------------------------------------------------------------------------

Granted grant_in(const std::string& state) {
  Granted out = granted();
  World& world = out.world;
  const Json act{{"grant", out.grant.at("grant")}, {"reason", "test"}};
  if (state == "PAUSED" || state == "EXPIRED paused") world.must("jia", "grant.pause", act);
  if (state == "REVOKED" || state == "DELETED") world.must("jia", "grant.revoke", act);
  if (state == "DELETED") {
    world.must("bank", "grant.delete", {{"grant", out.grant.at("grant")}});
  }
  if (state.rfind("EXHAUSTED", 0) == 0) {
    for (int i = 0; i < 3; ++i) world.must("bank", "access.open", open_body(world, out.grant));
  }
  if (state.rfind("EXPIRED", 0) == 0 || state == "EXHAUSTED later") {
    world.now_s = out.grant.at("valid").at("to");
  }
  return out;
}

Result<Effect> grant_event(Granted& at, const std::string& event) {
  Json body{{"grant", at.grant.at("grant")}};
  if (event == "access.open") {
    return at.world.apply("bank", event, open_body(at.world, at.grant));
  }
  if (event == "grant.delete") return at.world.apply("bank", event, body);
  body["reason"] = "";
  return at.world.apply("jia", event, body);
}

TEST(GrantLifeCycle, EveryStateAgainstEveryEvent) {
  using Row = std::map<std::string, std::string>;  // event -> next state, or the error in capitals
  const Row spent{{"grant.revoke", "REVOKED"}, {"grant.delete", "DELETED"}};
  const auto plus = [](Row row, const Row& more) {
    row.insert(more.begin(), more.end());
    return row;
  };
  const std::map<std::string, Row> leads{
      {"ACTIVE",
       {{"grant.pause", "PAUSED"}, {"grant.revoke", "REVOKED"}, {"access.open", "ACTIVE"}}},
      {"PAUSED",
       {{"grant.resume", "ACTIVE"}, {"grant.revoke", "REVOKED"}, {"access.open", "!grant.paused"}}},
      {"REVOKED", {{"grant.delete", "DELETED"}, {"access.open", "!grant.revoked"}}},
      {"DELETED", {{"access.open", "!grant.deleted"}}},
      {"EXPIRED", plus(spent, {{"access.open", "!grant.expired"}})},
      {"EXPIRED paused", plus(spent, {{"access.open", "!grant.expired"}})},
      {"EXHAUSTED", plus(spent, {{"access.open", "!grant.exhausted"}})},
      {"EXHAUSTED later", plus(spent, {{"access.open", "!grant.exhausted"}})}};
  for (const auto& [state, row] : leads) {
    for (const std::string event :
         {"grant.pause", "grant.resume", "grant.revoke", "grant.delete", "access.open"}) {
      Granted at = grant_in(state);
      const std::string key = "grant/" + at.grant.at("grant").get<std::string>();
      ASSERT_EQ(grant_state_at(at.world.doc(key), at.world.now_s),
                state.substr(0, state.find(' ')));
      const auto result = grant_event(at, event);
      const auto cell = row.find(event);
      const std::string next = cell == row.end() ? "!grant.wrong_state" : cell->second;
      if (next[0] == '!') {
        ASSERT_FALSE(result.ok()) << state << " x " << event;
        EXPECT_EQ(result.error().code, next.substr(1)) << state << " x " << event;
      } else {
        ASSERT_TRUE(result.ok()) << state << " x " << event << ": " << result.error().code;
        EXPECT_EQ(grant_state_at(at.world.doc(key), at.world.now_s), next);
        EXPECT_EQ(result->subjects, std::set<std::string>{account_of("jia")});
      }
    }
  }
}

TEST(GrantLifeCycle, EventsOnNoGrant) {
  Granted at = granted();
  at.grant["grant"] = id(1);
  for (const std::string event :
       {"grant.pause", "grant.resume", "grant.revoke", "grant.delete", "access.open"}) {
    expect_refused(grant_event(at, event), "grant.not_found", "body.grant");
  }
}

TEST(GrantLifeCycle, ValidityEndsAtTheSecond) {
  Granted at = granted();
  const Json doc = at.world.doc("grant/" + at.grant.at("grant").get<std::string>());
  const std::int64_t to = at.grant.at("valid").at("to");
  EXPECT_EQ(grant_state_at(doc, to - 1), "ACTIVE");
  EXPECT_EQ(grant_state_at(doc, to), "EXPIRED");
}

// --- Accesses -----------------------------------------------------------------------------------

Opened access_in(const std::string& state) {
  Opened out = opened();
  static const std::map<std::string, std::string> outcomes{{"DELIVERED", "delivered"},
                                                           {"DELIVERED acked", "delivered"},
                                                           {"PARTIAL", "partial"},
                                                           {"DENIED", "denied"},
                                                           {"FAILED", "failed"}};
  const auto outcome = outcomes.find(state);
  if (outcome != outcomes.end()) {
    out.world.must("host", "access.release", release_body(out.world, out.open, outcome->second));
  }
  if (state == "DELIVERED acked") {
    out.world.must("bank", "access.ack",
                   {{"access", out.open.at("access")}, {"payload_sm3", digest("payload")}});
  }
  return out;
}

TEST(AccessLifeCycle, EveryStateAgainstEveryEvent) {
  const std::map<std::string, std::map<std::string, std::string>> leads{
      {"OPENED",
       {{"delivered", "DELIVERED"},
        {"partial", "PARTIAL"},
        {"denied", "DENIED"},
        {"failed", "FAILED"}}},
      {"DELIVERED", {{"ack", "DELIVERED"}}},
      {"PARTIAL", {{"ack", "PARTIAL"}}},
      {"DENIED", {}},
      {"FAILED", {}},
      {"DELIVERED acked", {}}};
  for (const auto& [state, row] : leads) {
    for (const std::string event : {"delivered", "partial", "denied", "failed", "ack", "open"}) {
      Opened at = access_in(state);
      const std::string key = "access/" + at.open.at("access").get<std::string>();
      ASSERT_EQ(at.world.doc(key).at("state"), state.substr(0, state.find(' ')));
      const Json uses = at.world.doc("grant/" + at.grant.at("grant").get<std::string>())["uses"];
      const auto result =
          event == "ack" ? at.world.apply("bank", "access.ack",
                                          {{"access", at.open.at("access")},
                                           {"payload_sm3", digest("payload")}})
          : event == "open"
              ? at.world.apply("bank", "access.open", at.open)
              : at.world.apply("host", "access.release", release_body(at.world, at.open, event));
      const auto cell = row.find(event);
      ASSERT_EQ(result.ok(), cell != row.end()) << state << " x " << event;
      if (result.ok()) {
        EXPECT_EQ(at.world.doc(key).at("state"), cell->second);
        EXPECT_EQ(at.world.doc(key).at("acked"), event == "ack");
      } else if (event == "open") {
        EXPECT_EQ(result.error().code, "access.duplicate");
      } else if (event == "ack" && state == "DELIVERED acked") {
        EXPECT_EQ(result.error().code, "access.already_acked");
      } else {
        EXPECT_EQ(result.error().code, "access.wrong_state");
      }
      EXPECT_EQ(at.world.doc("grant/" + at.grant.at("grant").get<std::string>())["uses"], uses);
    }
  }
}

}  // namespace
}  // namespace qc::chain::test
