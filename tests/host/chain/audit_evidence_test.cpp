// Evidence verified before the rules' turn: only what holds, and only for the key that it holds
// for.
#include "host/chain/audit_evidence.hpp"

#include <gtest/gtest.h>

#include "host/chain/rules.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

std::array<std::uint8_t, 64> xy_of(const std::string& name) {
  std::array<std::uint8_t, 64> out{};
  const ByteView xy = key_of(name).public_key().xy();
  std::copy(xy.begin(), xy.end(), out.begin());
  return out;
}

/// Another signature value, in the same form.
std::string forged(std::string jws) {
  char& one = jws[jws.rfind('.') + 10];
  one = one == 'A' ? 'B' : 'A';
  return jws;
}

AuditedTx opening(World& world, const std::string& evidence) {
  Json body = subject_body(world, "xin");
  body["evidence"] = evidence;
  AuditedTx audited;
  audited.tx = world.make("reg", "subject.open", body);
  return audited;
}

TEST(AuditEvidence, IsProvenWhereItHoldsAndTheKeyIsKnown) {
  World world = city();
  const std::string good = evidence_jws(evidence_payload(world, "xin"));
  AuditWindow window;
  window.transactions.push_back(opening(world, good));
  window.transactions.push_back(opening(world, forged(good)));
  window.transactions.push_back(opening(world, "no jws"));
  window.transactions.emplace_back();  // one that was not parsed
  crypto::KeyCache keys;
  EvidenceKeys known;
  prove_evidence(window, known, keys);
  EXPECT_EQ(window.transactions[0].evidence, nullptr);
  known.note(key_of("ga").public_key().kid(), xy_of("rs"));  // a name for another key
  prove_evidence(window, known, keys);
  EXPECT_EQ(window.transactions[0].evidence, nullptr);
  EvidenceKeys right;
  right.note(key_of("ga").public_key().kid(), xy_of("ga"));
  prove_evidence(window, right, keys);
  ASSERT_NE(window.transactions[0].evidence, nullptr);
  EXPECT_EQ(window.transactions[0].evidence->x, jwk_of("ga").at("x"));
  EXPECT_EQ(window.transactions[0].evidence->y, jwk_of("ga").at("y"));
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(window.transactions[i].evidence, nullptr) << i;
}

TEST(AuditEvidence, TheRuleTakesWhatIsProvenForThisTextAndThisKey) {
  World world = city();
  const std::string good = evidence_jws(evidence_payload(world, "xin"));
  const AuditedTx opened = opening(world, forged(good));
  const std::string bad(evidence_in(*opened.tx));
  const Json ga = jwk_of("ga");
  const Json rs = jwk_of("rs");
  const auto result_with = [&](const ProvenSignature* proven) {
    RuleContext context{kChain, world.index, world.now_s * 1000 + 7};
    context.proven = proven;
    Overlay overlay(world.state);
    const auto result = apply_transaction(*opened.tx, context, overlay);
    return result.ok() ? std::string() : result.error().code;
  };
  const auto x = [](const Json& jwk) { return jwk.at("x").get_ref<const std::string&>(); };
  const auto y = [](const Json& jwk) { return jwk.at("y").get_ref<const std::string&>(); };
  const std::string gx = x(ga), gy = y(ga), rx = x(rs), ry = y(rs);
  const ProvenSignature other_text{good, gx, gy};
  const ProvenSignature other_key{bad, rx, ry};
  const ProvenSignature half_key{bad, gx, ry};
  const ProvenSignature this_one{bad, gx, gy};
  EXPECT_EQ(result_with(nullptr), "identity.bad_evidence");
  EXPECT_EQ(result_with(&other_text), "identity.bad_evidence");
  EXPECT_EQ(result_with(&other_key), "identity.bad_evidence");
  EXPECT_EQ(result_with(&half_key), "identity.bad_evidence");
  EXPECT_EQ(result_with(&this_one), "");  // believed: prove_evidence() must not say it
}

}  // namespace
}  // namespace qc::chain::test
