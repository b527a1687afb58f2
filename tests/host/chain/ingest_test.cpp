// The way in: signatures verified many at once give what each alone would, whatever comes together.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "host/chain/recent_documents.hpp"
#include "host/chain/tx_verifier.hpp"
#include "host/chain/verify_pool.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

using crypto::NonceHint;

const crypto::PublicKey& host_key() { return key_of("host").public_key(); }

/// What one transaction alone comes to, said in the simplest way: the account's key, looked up and
/// used without caches, tables or sums.
std::string outcome_alone(const std::string& bytes, const StateReader& state) {
  const auto tx = proof::parse_transaction(bytes);
  if (!tx) return tx.error().code;
  if (tx->chain != kChain) return "tx.wrong_chain";
  const auto key = signer_key(*tx, state);
  if (!key) return key.error().code;
  const Status valid = proof::verify_transaction(*tx, *key);
  return valid ? "ok " + tx->id_hex() : valid.error().code;
}

std::string outcome(const Result<Transaction>& tx) {
  return tx ? "ok " + tx->id_hex() : tx.error().code;
}

std::string with_signature_of(const std::string& tx, const std::string& other) {
  return tx.substr(0, tx.rfind('.')) + other.substr(other.rfind('.'));
}

NonceHint hint_of(const std::string& signer, const std::string& tx) {
  auto parsed = proof::parse_transaction(tx).value();
  EXPECT_TRUE(proof::verify_for_hint(parsed, key_of(signer).public_key()).ok());
  return parsed.hint;
}

NonceHint other(NonceHint hint) {
  return hint == NonceHint::kOdd ? NonceHint::kEven : NonceHint::kOdd;
}

std::vector<Submission> only(const std::string& tx) {
  std::vector<Submission> out;
  out.push_back({tx});
  return out;
}

/// A valid transaction of this signer, or one that is wrong in one of several ways.
std::string any_transaction(const std::string& signer, unsigned n, unsigned kind) {
  const Json body = {{"grant", id(n)}, {"reason", "number " + std::to_string(n)}};
  const std::string good = sign(signer, "grant.pause", body);
  const std::string another = sign(signer, "grant.resume", body);
  switch (kind) {
    case 1:
      return with_signature_of(good, another);
    case 2:
      return with_signature_of(good, sign("stranger", "grant.pause", body));
    case 3:
      return proof::make_transaction(key_of(signer), "other-net", "grant.pause", body, kStart);
    case 4:
      return sign("stranger", "grant.pause", body);
    case 5:
      return good.substr(0, good.size() / 2);
    case 6:  // r and s are out of range: not a signature at all
      return good.substr(0, good.rfind('.') + 1) + to_base64url(Bytes(64, 0xFF));
    default:
      return good;
  }
}

TEST(TxVerifier, AMixedCrowdComesOutAsOneByOne) {
  const World world = city();
  std::mt19937 random(20260314);
  const std::vector<std::string> signers{"jia", "yi", "bank", "ga", "rs", "op", "host"};
  IngestKeys keys;
  TxVerifier verifier(keys);
  for (const unsigned wrong_in : {0U, 40U, 5U, 2U}) {
    std::vector<Submission> submissions;
    std::vector<std::string> expected;
    for (unsigned n = 0; n < 150; ++n) {
      const std::string& signer = signers[random() % signers.size()];
      const bool wrong = wrong_in != 0 && random() % wrong_in == 0;
      const std::string tx = any_transaction(signer, n, wrong ? 1 + random() % 6 : 0);
      NonceHint hint = NonceHint::kNone;
      if (!wrong && random() % 4 != 0) hint = hint_of(signer, tx);
      if (random() % 10 == 0) hint = other(hint);  // a hint may lie
      expected.push_back(outcome_alone(tx, world.state));
      submissions.push_back({tx, hint});
    }
    const auto all = verifier.run(submissions, {kChain, host_key(), world.state});
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(outcome(all[i]), expected[i]) << i << " of a crowd with 1/" << wrong_in;
      if (all[i].ok()) {
        EXPECT_EQ(all[i]->bytes, submissions[i].bytes);
      }
    }
  }
}

TEST(TxVerifier, OneForgeryAmongManyIsFoundAndTheRestPasses) {
  const World world = city();
  IngestKeys keys;
  for (const std::size_t culprit : {std::size_t{0}, std::size_t{63}, std::size_t{127}}) {
    TxVerifier verifier(keys);
    std::vector<Submission> submissions;
    for (unsigned n = 0; n < 128; ++n) {
      const std::string tx = any_transaction("jia", n, 0);
      submissions.push_back({tx, hint_of("jia", tx)});
    }
    // s is wrong, r is not: the nonce point exists, so that it is the sum that fails.
    std::string& forged = submissions[culprit].bytes;
    Bytes signature = from_base64url(forged.substr(forged.rfind('.') + 1)).value();
    signature[40] ^= 1U;
    forged = forged.substr(0, forged.rfind('.') + 1) + to_base64url(signature);
    const auto all = verifier.run(submissions, {kChain, host_key(), world.state});
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].ok(), i != culprit) << i;
    }
    EXPECT_EQ(all[culprit].error().code, "tx.bad_signature");
    EXPECT_GT(verifier.counters().failed_sums, 0U);
    EXPECT_GT(verifier.counters().combined, 90U);
  }
}

TEST(TxVerifier, EachSignatureIsVerifiedOnceAndBusyMembersHaveTables) {
  const World world = city();
  IngestKeys keys;
  TxVerifier verifier(keys);
  std::vector<Submission> submissions;
  for (unsigned n = 0; n < 100; ++n) {
    const std::string tx = any_transaction("yi", n, 0);
    submissions.push_back({tx, n < 60 ? hint_of("yi", tx) : NonceHint::kNone});
    submissions.push_back({any_transaction("bank", n, 0)});
  }
  const auto all = verifier.run(submissions, {kChain, host_key(), world.state});
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_TRUE(all[i].ok());
    // Each brings the hint for later batches, given or found.
    EXPECT_EQ(all[i]->hint, hint_of(i % 2 == 0 ? "yi" : "bank", submissions[i].bytes));
  }
  // A person's: with a hint in a sum, without one singly; never remembered.
  EXPECT_EQ(verifier.counters().combined, 60U);
  EXPECT_EQ(verifier.counters().single, 0U);
  const auto cached = keys.counters();
  EXPECT_EQ(cached.busy + cached.others, 1U);  // the bank alone
  EXPECT_EQ(cached.tables, 1U);
  EXPECT_GE(cached.busy_hits, 97U);
}

TEST(TxVerifier, AKeyThatWasReplacedIsRefusedEvenIfRemembered) {
  World world = city();
  IngestKeys keys;
  TxVerifier verifier(keys);
  const std::string tx = sign("ga", "item.define", item_body("ga.x", 1));
  ASSERT_TRUE(verifier.run(only(tx), {kChain, host_key(), world.state}).front().ok());
  world.state.entries["member/ga"]["jwk"] = jwk_of("ga's next key");
  // The signature is still that key's; whether the key may sign is decided on the batch's state.
  const auto again = verifier.run(only(tx), {kChain, host_key(), world.state});
  ASSERT_TRUE(again.front().ok());
  expect_refused(world.apply(again.front().value()), "key.retired", "kid");
  IngestKeys fresh;
  TxVerifier unknowing(fresh);
  EXPECT_EQ(unknowing.run(only(tx), {kChain, host_key(), world.state}).front().error().code,
            "key.retired");
}

/// Holds the pool's only thread until released, and writes down the groups.
class HeldPool {
 public:
  HeldPool()
      : pool_(1, keys_, [this](TxVerifier&, std::vector<Arrival> group) {
          std::vector<std::string> names;
          for (const Arrival& one : group) names.push_back(one.submission.bytes);
          groups_.push_back(std::move(names));
          ++begun_;
          held_.wait();
        }) {}
  bool push(const std::vector<std::string>& names) {
    std::vector<Arrival> unit;
    for (const std::string& name : names) unit.push_back({{name}, nullptr});
    return pool_.push(unit);
  }
  void await_first() const {
    while (begun_ == 0) std::this_thread::yield();
  }
  /// The groups, in order.
  const std::vector<std::vector<std::string>>& release_and_stop() {
    gate_.set_value();
    pool_.stop();
    return groups_;
  }

 private:
  IngestKeys keys_;
  std::promise<void> gate_;
  std::shared_future<void> held_ = gate_.get_future().share();
  std::vector<std::vector<std::string>> groups_;  // the pool's thread's, until it has stopped
  std::atomic<int> begun_{0};
  VerifyPool pool_;
};

TEST(VerifyPool, TakesWhatWaitsAsOneGroupAndKeepsUnitsWhole) {
  HeldPool pool;
  ASSERT_TRUE(pool.push({"first"}));
  pool.await_first();
  std::vector<std::string> sent{"first"};
  for (const std::size_t size : {1U, 3U, 100U, 30U, 200U, 2U}) {
    std::vector<std::string> unit;
    for (std::size_t i = 0; i < size; ++i) unit.push_back(std::to_string(sent.size() + i));
    ASSERT_TRUE(pool.push(unit));
    sent.insert(sent.end(), unit.begin(), unit.end());
  }
  const auto& groups = pool.release_and_stop();
  EXPECT_FALSE(pool.push({"late"}));
  std::vector<std::size_t> sizes;
  std::vector<std::string> taken;
  for (const auto& group : groups) {
    sizes.push_back(group.size());
    taken.insert(taken.end(), group.begin(), group.end());
  }
  EXPECT_EQ(taken, sent);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 104, 30, 200, 2}));
}

TEST(VerifyPool, ACrowdThatComesOneByOneIsAllServedWithoutAnotherPush) {
  IngestKeys keys;
  std::atomic<std::size_t> served{0};
  std::atomic<std::size_t> groups{0};
  VerifyPool pool(2, keys, [&](TxVerifier&, std::vector<Arrival> group) {
    served += group.size();
    ++groups;
  });
  constexpr std::size_t kEach = 20'000;
  const auto crowd = [&pool] {
    for (std::size_t i = 0; i < kEach; ++i) {
      std::vector<Arrival> one;
      one.push_back({{"tx"}, nullptr});
      EXPECT_TRUE(pool.push(one));
    }
  };
  std::thread other(crowd);
  crowd();
  other.join();
  for (int i = 0; i < 4000 && served < 2 * kEach; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(served, 2 * kEach);  // nobody waits for a push that wakes a thread
  EXPECT_LT(groups, kEach);      // nor is each a group of its own
}

TEST(RecentDocuments, ShowWhatTheRowsHoldHoweverLittleRoomTheyHave) {
  for (const std::size_t room : {std::size_t{0}, std::size_t{4000}, std::size_t{1} << 20U}) {
    const auto store = open_memory();
    const StoredState stored(*store);
    RecentDocuments recent(stored, room);
    std::mt19937 random(5);
    const std::vector<std::string> families{"member/", "nonce/", "of/p/asset/", "item/"};
    const auto any_key = [&] {
      return families[random() % families.size()] + std::to_string(random() % 40);
    };
    for (int round = 0; round < 400; ++round) {
      Overlay batch(recent);
      for (int n = 0; n < 10; ++n) {
        const std::string key = any_key();
        if (random() % 4 == 0) {
          batch.erase(key);
        } else {
          batch.put(key, Json{{"n", random()}});
        }
      }
      KvBatch rows;
      write_state(batch, rows);
      ASSERT_TRUE(store->write(rows).ok());
      recent.wrote(batch.writes());
      for (int n = 0; n < 10; ++n) {
        const std::string key = any_key();
        ASSERT_EQ(recent.get(key), stored.get(key)) << key << " with room for " << room;
      }
    }
  }
}

Ledger::Outcomes submit_and_wait(Ledger& ledger, std::vector<Submission> transactions) {
  std::promise<Ledger::Outcomes> promise;
  auto outcomes = promise.get_future();
  ledger.submit_many(std::move(transactions),
                     [&promise](Ledger::Outcomes all) { promise.set_value(std::move(all)); });
  return outcomes.get();
}

TEST(Ledger, AppliesAListInItsOrderWithAnOutcomeForEach) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  World world = city();
  submit_all(*ledger, signed_history(world));
  const std::uint64_t first = ledger->size();
  const Json request = request_body(world, "jia");
  const std::string created = sign("bank", "request.create", request);
  // Each of these needs the one before.
  const std::vector<std::string> list{
      created,
      sign("jia", "request.open",
           {{"request", request.at("request")}, {"notice_sm3", request.at("notice").at("sm3")}}),
      created,
      with_signature_of(item_tx(1), item_tx(2)),
      "nothing",
      sign("jia", "request.refuse", {{"request", request.at("request")}, {"reason", "no"}}),
      sign("jia", "request.refuse", {{"request", request.at("request")}, {"reason", "again"}})};
  std::vector<Submission> submissions;
  for (const std::string& tx : list) submissions.push_back({tx});
  const auto outcomes = submit_and_wait(*ledger, submissions);
  ASSERT_EQ(outcomes.size(), list.size());
  std::uint64_t index = first;
  for (const std::size_t good : {0U, 1U, 5U}) {
    ASSERT_TRUE(outcomes[good].ok()) << good << outcomes[good].error().code;
    EXPECT_EQ(outcomes[good]->index, index++);
    EXPECT_TRUE(
        proof::verify_receipt(list[good], outcomes[good]->receipt, host_key(), kChain).ok());
  }
  EXPECT_EQ(outcomes[2].error().code, "tx.duplicate");
  EXPECT_EQ(outcomes[3].error().code, "tx.bad_signature");
  EXPECT_EQ(outcomes[4].error().code, "tx.invalid");
  EXPECT_EQ(outcomes[6].error().code, "request.wrong_state");
  EXPECT_EQ(ledger->size(), first + 3);
  EXPECT_EQ(ledger->health().rejected, 4U);
  EXPECT_TRUE(submit_and_wait(*ledger, {}).empty());
}

TEST(Ledger, AFullQueueTakesABeginningOfTheList) {
  const TempDir dir;
  LedgerOptions options = options_in(dir.path());
  options.queue_bytes = 20000;
  const auto ledger = must_open(options);
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t first = ledger->size();
  std::vector<Submission> submissions;
  for (unsigned n = 0; n < 50; ++n) submissions.push_back({item_tx(n)});
  const auto outcomes = submit_and_wait(*ledger, submissions);
  std::size_t taken = 0;
  while (taken < outcomes.size() && outcomes[taken].ok()) ++taken;
  EXPECT_GT(taken, 4U);
  EXPECT_LT(taken, 20U);
  for (std::size_t i = taken; i < outcomes.size(); ++i) {
    ASSERT_FALSE(outcomes[i].ok()) << i;
    EXPECT_EQ(outcomes[i].error().code, "ledger.busy");
    EXPECT_TRUE(outcomes[i].error().retryable);
  }
  EXPECT_EQ(ledger->size(), first + taken);
  EXPECT_EQ(ledger->health().queued_bytes, 0U);
  // The rest, sent again, goes on where the host stopped.
  submissions.erase(submissions.begin(), submissions.begin() + static_cast<std::ptrdiff_t>(taken));
  EXPECT_TRUE(submit_and_wait(*ledger, submissions).front().ok());
}

TEST(Ledger, ManyListsAtOnceEachKeepTheirOrder) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t first = ledger->size();
  constexpr unsigned kLists = 12;
  constexpr unsigned kEach = 25;
  std::mutex mutex;
  std::condition_variable changed;
  unsigned answered = 0;
  std::vector<std::vector<std::uint64_t>> indexes(kLists);
  for (unsigned l = 0; l < kLists; ++l) {
    std::vector<Submission> list;
    for (unsigned i = 0; i < kEach; ++i) list.push_back({item_tx(l * kEach + i)});
    ledger->submit_many(std::move(list), [&, l](const Ledger::Outcomes& outcomes) {
      const std::lock_guard lock(mutex);
      for (const auto& one : outcomes) {
        if (one.ok()) indexes[l].push_back(one->index);
      }
      ++answered;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answered == kLists; });
  for (const auto& list : indexes) {
    EXPECT_EQ(list.size(), kEach);
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
  }
  EXPECT_EQ(ledger->size(), first + std::uint64_t{kLists} * kEach);
}

}  // namespace
}  // namespace qc::chain::test
