// What is checked before any family's rule: network, time, replay, signer; and the overlay below.
#include "sdk/crypto/sm3.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

Json refuse_nothing() { return {{"account", "bank"}, {"reason", "audit"}}; }

TEST(Envelope, RefusesAnotherNetwork) {
  World world = city();
  Transaction tx = world.make("op", "member.suspend", refuse_nothing());
  tx.chain = "qc-other";
  expect_refused(world.apply(tx), "tx.wrong_chain", "chain");
}

TEST(Envelope, WindowIsThreeHundredSecondsBothWays) {
  for (const std::int64_t skew : {-300, 300}) {
    World world = city();
    Transaction tx = world.make("op", "member.suspend", refuse_nothing());
    tx.iat = world.now_s + skew;
    EXPECT_TRUE(world.apply(tx).ok()) << skew;
  }
  World world = city();
  Transaction tx = world.make("op", "member.suspend", refuse_nothing());
  tx.iat = world.now_s - 301;
  expect_refused(world.apply(tx), "tx.expired", "iat");
  tx.iat = world.now_s + 301;
  expect_refused(world.apply(tx), "tx.from_the_future", "iat");
}

TEST(Envelope, RefusesTheSameTransactionAndTheSameNonce) {
  World world = city();
  const Transaction tx = world.make("op", "member.suspend", refuse_nothing());
  ASSERT_TRUE(world.apply(tx).ok());
  expect_refused(world.apply(tx), "tx.duplicate", "nonce");
  Transaction other = world.make("op", "member.resume", refuse_nothing());
  other.nonce = tx.nonce;
  expect_refused(world.apply(other), "tx.duplicate", "nonce");
  // The nonce is the key's: another signer may use the same one.
  Transaction stranger = world.make("ga", "item.define", item_body("ga.vehicle", 1));
  stranger.nonce = tx.nonce;
  EXPECT_TRUE(world.apply(stranger).ok());
}

TEST(Envelope, ARefusedTransactionUsesNoNonce) {
  World world = city();
  Transaction tx = world.make("op", "member.resume", refuse_nothing());
  expect_refused(world.apply(tx), "member.wrong_state");
  tx.op = "member.suspend";
  EXPECT_TRUE(world.apply(tx).ok());
}

TEST(Envelope, RefusesNoncesOfAnotherForm) {
  World world = city();
  for (const std::string nonce :
       {"", "short", "AAAAAAAAAAAAAAAAAAAAA/", "AAAAAAAAAAAAAAAAAAAAAB"}) {
    Transaction tx = world.make("op", "member.suspend", refuse_nothing());
    tx.nonce = nonce;
    expect_refused(world.apply(tx), "json.bad_form", "nonce");
  }
}

TEST(Envelope, RefusesUnknownOperations) {
  World world = city();
  for (const std::string op : {"", "member", "member.admit ", "Member.admit", "grant.narrow"}) {
    expect_refused(world.apply("op", op, Json::object()), "tx.unknown_op", "op");
  }
}

TEST(Envelope, ASuspendedMemberSignsNothing) {
  World world = city();
  world.must("op", "member.suspend", {{"account", "ga"}, {"reason", "audit"}});
  expect_refused(world.apply("ga", "item.define", item_body("ga.vehicle", 1)), "member.suspended");
  world.must("op", "member.resume", {{"account", "ga"}, {"reason", "done"}});
  world.must("ga", "item.define", item_body("ga.vehicle", 1));
}

// A transaction signed as far ahead as is allowed stays valid for 600 s: replayed at any moment of
// its life, with as much traffic between as prunes everything that is due, it is refused.
TEST(Replay, IsRefusedAtEveryMomentOfATransactionsLife) {
  World world = city();
  Transaction tx = world.make("op", "member.suspend", refuse_nothing());
  tx.iat = world.now_s + 300;
  ASSERT_TRUE(world.apply(tx).ok());
  const std::int64_t start = world.now_s;
  for (std::int64_t at = 0; at <= 600; at += 20) {
    world.now_s = start + at;
    for (int i = 0; i < 16; ++i) {
      world.must("op", i % 2 == 0 ? "member.resume" : "member.suspend", refuse_nothing());
    }
    expect_refused(world.apply(tx), "tx.duplicate", "nonce");
  }
  world.now_s = start + 601;
  expect_refused(world.apply(tx), "tx.expired", "iat");
}

// Another transaction with a nonce that counts is refused, wherever in a period it was used; one
// second later the nonce is forgotten, pruned or not.
TEST(Replay, ANonceCountsForSixHundredSeconds) {
  for (const std::int64_t offset : {0, 1, 299, 599}) {
    World world = city();
    world.now_s = kStart / 600 * 600 + 600 + offset;
    const Transaction first = world.make("op", "member.suspend", refuse_nothing());
    ASSERT_TRUE(world.apply(first).ok());
    const std::int64_t start = world.now_s;
    for (const std::int64_t at : {0, 1, 300, 599, 600, 601}) {
      world.now_s = start + at;
      Transaction other = world.make("op", "member.resume", refuse_nothing());
      other.nonce = first.nonce;
      if (at <= 600) {
        expect_refused(world.apply(other), "tx.duplicate", "nonce");
      } else {
        EXPECT_TRUE(world.apply(other).ok()) << offset;
      }
    }
  }
}

std::size_t count_keys(const World& world, const std::string& prefix) {
  std::size_t count = 0;
  world.state.scan(prefix, "", [&](const std::string&, const Json&) { return ++count, true; });
  return count;
}

TEST(Replay, NoncesArePrunedInBoundedStepsAndStayBounded) {
  World world = city();
  std::size_t most = 0;
  for (int i = 0; i < 4000; ++i) {
    world.now_s += 5;  // 120 transactions in 600 s
    const std::size_t before = count_keys(world, "nonce/");
    world.must("op", i % 2 == 0 ? "member.suspend" : "member.resume", refuse_nothing());
    const std::size_t after = count_keys(world, "nonce/");
    ASSERT_LE(before, after + 64);
    most = std::max(most, after);
  }
  // Those of two periods, those between prunings, the city's own.
  EXPECT_LE(most, 2 * 121 + 64 + 30);
  EXPECT_GE(most, 2 * 119);
}

TEST(Replay, PruningCatchesUpAfterASilence) {
  World world = city();
  for (int i = 0; i < 400; ++i) {
    world.must("op", i % 2 == 0 ? "member.suspend" : "member.resume", refuse_nothing());
  }
  world.now_s += 1300;  // two periods later
  for (int i = 0; i < 200; ++i) {
    world.must("op", i % 2 == 0 ? "member.suspend" : "member.resume", refuse_nothing());
  }
  EXPECT_EQ(count_keys(world, "nonce/"), 200U);
}

TEST(SignerKey, IsTheRegisteredKeyOrTheFoundersOwn) {
  World world = city();
  const Transaction tx = world.make("bank", "access.open", Json::object());
  const auto key = signer_key(tx, world.state);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->kid(), key_of("bank").kid());
  const auto subject = signer_key(world.make("jia", "grant.pause", Json::object()), world.state);
  ASSERT_TRUE(subject.ok());
  EXPECT_EQ(subject->kid(), key_of("jia").kid());
  const auto stranger =
      signer_key(world.make("nobody", "grant.pause", Json::object()), world.state);
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code, "tx.unknown_key");
  EXPECT_EQ(stranger.error().kind, ErrorKind::kUnauthenticated);

  World empty;
  const auto founder = signer_key(empty.make("op", "network.found", found_body()), empty.state);
  ASSERT_TRUE(founder.ok());
  EXPECT_EQ(founder->kid(), key_of("op").kid());
  const auto thief = signer_key(empty.make("nobody", "network.found", found_body()), empty.state);
  ASSERT_FALSE(thief.ok());
  EXPECT_EQ(thief.error().code, "tx.invalid");
  const auto broken = signer_key(empty.make("op", "network.found", Json::array()), empty.state);
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, "tx.invalid");
  EXPECT_EQ(broken.error().field, "body.operator");
}

// The whole story twice on fresh states: the same writes, byte for byte, at every step.
TEST(Determinism, SameTransactionsGiveTheSameWrites) {
  Opened story = opened();
  story.world.must("host", "access.release", release_body(story.world, story.open, "delivered"));
  story.world.must("bank", "access.ack",
                   {{"access", story.open.at("access")}, {"payload_sm3", digest("payload")}});
  story.world.must("jia", "grant.revoke", {{"grant", story.grant.at("grant")}, {"reason", ""}});
  story.world.must("bank", "grant.delete", {{"grant", story.grant.at("grant")}});
  std::array<MemoryState, 2> states;
  std::array<std::string, 2> transcripts;
  for (std::size_t run = 0; run < 2; ++run) {
    for (std::size_t i = 0; i < story.world.history.size(); ++i) {
      Overlay overlay(states[run]);
      const auto effect =
          apply_transaction(story.world.history[i], story.world.contexts[i], overlay);
      ASSERT_TRUE(effect.ok()) << story.world.history[i].op;
      for (const auto* row : overlay.writes_in_order()) {
        const auto& [key, value] = *row;
        transcripts[run] += key + "=" + (value ? value->dump() : "-") + "\n";
      }
      for (const std::string& subject : effect->subjects) transcripts[run] += subject + "\n";
      states[run].absorb(overlay.writes());
    }
  }
  EXPECT_EQ(transcripts[0], transcripts[1]);
  EXPECT_EQ(states[0].entries, story.world.state.entries);
}

// As one batch: overlays above overlays see what transactions before them wrote.
TEST(Determinism, ABatchWritesWhatSingleTransactionsWrite) {
  Opened story = opened();
  MemoryState base;
  Overlay batch(base);
  for (std::size_t i = 0; i < story.world.history.size(); ++i) {
    ASSERT_TRUE(apply_transaction(story.world.history[i], story.world.contexts[i], batch).ok());
  }
  EXPECT_TRUE(base.entries.empty());
  base.absorb(batch.writes());
  EXPECT_EQ(base.entries, story.world.state.entries);
}

// Random writes above a random base: reads and scans are those of the merged map.
TEST(OverlayModel, ReadsAndScansAsTheMergedMap) {
  std::uint64_t seed = 12345;
  const auto next = [&](std::uint64_t bound) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33U) % bound;
  };
  const auto random_key = [&] {
    static const std::array<std::string, 3> families{"a/", "b/", "b"};
    return families[next(3)] + std::to_string(next(12));
  };
  for (int round = 0; round < 400; ++round) {
    MemoryState base;
    for (std::uint64_t i = next(12); i > 0; --i) base.entries[random_key()] = next(100);
    Overlay below(base);
    Overlay above(static_cast<const StateReader&>(below));
    MemoryState model = base;
    for (std::uint64_t i = next(16); i > 0; --i) {
      const std::string key = random_key();
      Overlay& target = i > 8 ? below : above;
      if (next(3) == 0) {
        target.erase(key);
        model.entries.erase(key);
      } else {
        const Json value = next(100);
        target.put(key, value);
        model.entries[key] = value;
      }
    }
    for (const std::string prefix : {"", "a/", "b", "b/", "b/1", "c"}) {
      const std::string start = next(2) == 0 ? "" : random_key();
      const std::uint64_t limit = next(6);
      const auto list = [&](const StateReader& state) {
        std::string out;
        std::uint64_t seen = 0;
        state.scan(prefix, start, [&](const std::string& key, const Json& value) {
          out += key + "=" + value.dump() + ";";
          return ++seen != limit;
        });
        return out;
      };
      ASSERT_EQ(list(above), list(model)) << "prefix " << prefix << " start " << start;
    }
    for (int i = 0; i < 5; ++i) {
      const std::string key = random_key();
      ASSERT_EQ(above.get(key), model.get(key));
    }
    std::move(above).merge_into(below);
    base.absorb(below.writes());
    ASSERT_EQ(base.entries, model.entries);
  }
}

}  // namespace
}  // namespace qc::chain::test
