// Ten thousand transactions that are none: each is refused with a code, and nothing is written.
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "sdk/crypto/jose.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

using Random = std::mt19937_64;

Json payload_of(const std::string& op, const Json& body, Random& random) {
  return {{"v", 1},        {"chain", kChain},       {"op", op},
          {"iat", kStart}, {"nonce", id(random())}, {"body", body}};
}

std::string signed_payload(const std::string& payload, const char* typ = "qc-tx+jws") {
  return crypto::jws_sign(key_of("ga"), payload, typ);
}

Json good_payload(Random& random) {
  return payload_of("item.define", item_body("ga.m" + std::to_string(random() % 1000000), 1),
                    random);
}

/// A value of a kind that no member of a transaction has in that place.
Json wrong_value(const Json& there, Random& random) {
  static const std::vector<Json> kValues = {nullptr,
                                            true,
                                            -1,
                                            1.5,
                                            9223372036854775807,
                                            Json::array({Json::array()}),
                                            {{"a", 1}},
                                            std::string(200000, 'x'),
                                            std::string("\0", 1)};
  Json value = kValues[random() % kValues.size()];
  return value.type() == there.type() ? Json() : value;
}

/// Removes, adds or replaces one member, somewhere in the payload.
Json spoil(Json payload, Random& random) {
  Json* at = &payload;
  while (at->is_object() && at->contains("body") && random() % 2 == 0) at = &at->at("body");
  std::vector<std::string> names;
  for (const auto& [name, value] : at->items()) names.push_back(name);
  const std::string name = names[random() % names.size()];
  switch (random() % 3) {
    case 0:
      at->erase(name);
      break;
    case 1:
      (*at)[name] = wrong_value(at->at(name), random);
      break;
    default:
      (*at)["x" + name] = at->at(name);
  }
  return payload;
}

std::string random_bytes_of(std::size_t size, Random& random) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string malformed(unsigned kind, Random& random) {
  const std::string good = signed_payload(good_payload(random).dump());
  switch (kind % 10) {
    case 0:
      return random_bytes_of(random() % 3000, random);
    case 1:
      return good.substr(0, random() % good.size());
    case 2: {
      std::string out = good;
      out[random() % out.size()] ^= static_cast<char>(1U << (random() % 8));
      return out;
    }
    case 3:
      return good + (random() % 2 == 0 ? "." : "A");
    case 4:
      return signed_payload(good_payload(random).dump(), "qc-head+jws");
    case 5: {
      const std::string text = good_payload(random).dump();
      return signed_payload(text.substr(0, random() % text.size()));
    }
    case 6: {
      Json payload = good_payload(random);
      payload["iat"] = random() % 2 == 0 ? kStart - 301 : kStart + 301;
      return signed_payload(payload.dump());
    }
    case 7: {
      Json payload = good_payload(random);
      payload["chain"] = "another";
      return signed_payload(payload.dump());
    }
    case 8: {
      Json payload = good_payload(random);
      payload["body"]["name_zh"] = std::string(70000, 'x');
      return signed_payload(payload.dump());
    }
    default:
      return signed_payload(spoil(good_payload(random), random).dump());
  }
}

TEST(Malformed, TenThousandOfEveryKindChangeNothing) {
  const TempDir dir;
  Random random(20261126);
  std::map<std::string, int> codes;
  std::uint64_t size = 0;
  std::string head;
  {
    const auto ledger = must_open(options_in(dir.path()));
    submit_all(*ledger, signed_history(city()));
    size = ledger->size();
    head = *ledger->head();
    for (unsigned n = 0; n < 10000; ++n) {
      const std::string bytes = malformed(n, random);
      const auto applied = ledger->submit(bytes);
      ASSERT_FALSE(applied.ok()) << "kind " << n % 10 << " was taken: " << bytes.substr(0, 400);
      ASSERT_NE(applied.error().kind, ErrorKind::kInternal) << applied.error().code;
      ASSERT_FALSE(applied.error().message.empty());
      ++codes[applied.error().code];
    }
    EXPECT_EQ(ledger->size(), size);
    EXPECT_EQ(*ledger->head(), head);
    EXPECT_TRUE(ledger->health().writable);
    EXPECT_TRUE(ledger->submit(item_tx(1)).ok()) << "and goes on";
  }
  for (const char* code : {"tx.invalid", "tx.bad_signature", "tx.wrong_type", "tx.expired",
                           "tx.from_the_future", "tx.wrong_chain", "tx.too_large",
                           "json.missing_field", "json.wrong_type", "json.unknown_field"}) {
    EXPECT_GT(codes[code], 0) << code;
  }
  for (const auto& [code, count] : codes) std::printf("%6d %s\n", count, code.c_str());
  AuditOptions options;
  options.directory = dir.path();
  const auto report = audit_ledger(options);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok) << report->code;
  EXPECT_EQ(report->transactions, size + 1);
}

TEST(Clock, AJumpIsRefusedWhileItLastsAndLeavesNoTrace) {
  const TempDir dir;
  std::int64_t now_s = kStart;
  LedgerOptions options = options_in(dir.path());
  options.clock_ms = [&now_s] { return now_s * 1000; };
  const auto ledger = must_open(options);
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  now_s = kStart + 400 * kDay;  // the host's clock alone; its callers' stand
  auto applied = ledger->submit(item_tx(1));
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, "tx.expired");
  now_s = kStart - 400 * kDay;
  applied = ledger->submit(item_tx(2));  // time never runs backwards: the last batch's is taken
  EXPECT_TRUE(applied.ok()) << applied.error().code;
  EXPECT_GE(applied->time_ms, kStart * 1000);
  now_s = kStart + 1;
  applied = ledger->submit(item_tx(3));
  EXPECT_TRUE(applied.ok()) << applied.error().code;
  EXPECT_EQ(ledger->size(), size + 2);
  EXPECT_EQ(ledger->transaction(size)->time_ms, kStart * 1000);
}

}  // namespace
}  // namespace qc::chain::test
