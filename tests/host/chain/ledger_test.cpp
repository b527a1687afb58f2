// The ledger's front: submit, receipts, errors, restart, replay, subscriptions.
#include <atomic>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "sdk/crypto/jose.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

const crypto::PublicKey& host() { return key_of("host").public_key(); }

TEST(Ledger, StartsEmpty) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  EXPECT_EQ(ledger->size(), 0U);
  EXPECT_EQ(ledger->head().error().code, "ledger.empty");
  EXPECT_EQ(ledger->transaction(0).error().code, "tx.not_found");
  EXPECT_EQ(ledger->receipt(0).error().code, "tx.not_found");
  EXPECT_TRUE(ledger->health().writable);
  EXPECT_EQ(ledger->submit(item_tx(1)).error().code, "tx.unknown_key");
}

TEST(Ledger, AnswersWithReceiptsThatVerify) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  const auto history = signed_history(granted().world);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto applied = ledger->submit(history[i]);
    ASSERT_TRUE(applied.ok()) << applied.error().code << applied.error().message;
    EXPECT_EQ(applied->index, i);
    EXPECT_EQ(applied->time_ms, kStart * 1000 + 7);
    const auto head = proof::verify_receipt(history[i], applied->receipt, host(), kChain);
    ASSERT_TRUE(head.ok()) << head.error().message;
    EXPECT_EQ(head->size, i + 1);
  }
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto stored = ledger->transaction(i);
    ASSERT_TRUE(stored.ok());
    EXPECT_EQ(stored->bytes, history[i]);
    const auto receipt = ledger->receipt(i);
    ASSERT_TRUE(receipt.ok());
    EXPECT_TRUE(proof::verify_receipt(history[i], *receipt, host(), kChain).ok());
    EXPECT_EQ(ledger->transaction(hash_from_hex(receipt->tx).value())->index, i);
  }
}

TEST(Ledger, ProvesThatAHeadExtendsAnother) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  const auto history = signed_history(city());
  std::vector<proof::TreeHead> heads;
  for (const std::string& tx : history) {
    ASSERT_TRUE(ledger->submit(tx).ok());
    heads.push_back(proof::open_head(ledger->head().value(), host(), kChain).value());
  }
  for (std::size_t a = 0; a < heads.size(); ++a) {
    for (std::size_t b = a; b < heads.size(); ++b) {
      const auto path = ledger->consistency(a + 1, b + 1);
      ASSERT_TRUE(path.ok());
      EXPECT_TRUE(
          proof::verify_consistency(a + 1, heads[a].log_root, b + 1, heads[b].log_root, *path)
              .ok());
    }
  }
  EXPECT_EQ(ledger->consistency(1, heads.size() + 1).error().code, "proof.out_of_range");
  EXPECT_EQ(ledger->consistency(2, 1).error().code, "proof.out_of_range");
}

TEST(Ledger, ProvesThatNoEventOfASubjectIsMissing) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  submit_all(*ledger, signed_history(granted().world));
  const auto events = ledger->subject_events(account_of("jia"));
  ASSERT_TRUE(events.ok());
  const auto head = proof::open_head(events->head, host(), kChain);
  ASSERT_TRUE(head.ok());
  Hash32 chain{};
  for (const std::uint64_t index : events->indexes) {
    const Hash32 id = proof::parse_transaction(ledger->transaction(index).value().bytes).value().id;
    chain = proof::next_event_head(chain, id, index);
  }
  EXPECT_EQ(chain, events->value.head);
  EXPECT_EQ(events->indexes.size(), events->value.count);
  EXPECT_GE(events->value.count, 5U);  // opened, two assets, request created and opened, grant
  const Hash32 key = proof::subject_key(account_of("jia"));
  EXPECT_TRUE(proof::verify_map(head->subject_root, key, events->value, events->proof).ok());
  proof::SubjectValue fewer = events->value;
  --fewer.count;
  EXPECT_FALSE(proof::verify_map(head->subject_root, key, fewer, events->proof).ok());
  const auto nobody = ledger->subject_events("p-00000000000000000000000000000000");
  ASSERT_TRUE(nobody.ok());
  EXPECT_TRUE(nobody->indexes.empty());
  EXPECT_TRUE(proof::verify_map(head->subject_root,
                                proof::subject_key("p-00000000000000000000000000000000"),
                                std::nullopt, nobody->proof)
                  .ok());
}

TEST(Ledger, RefusesWithDistinctErrors) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t size = ledger->size();
  const std::string good = item_tx(1);
  ASSERT_TRUE(ledger->submit(good).ok());
  EXPECT_EQ(ledger->submit(good).error().code, "tx.duplicate");
  EXPECT_EQ(ledger->submit(item_tx(2, kStart - 301)).error().code, "tx.expired");
  EXPECT_EQ(ledger->submit(item_tx(2, kStart + 302)).error().code, "tx.from_the_future");
  const Json body = item_body("ga.other", 1);
  EXPECT_EQ(
      ledger
          ->submit(proof::make_transaction(key_of("ga"), "other-net", "item.define", body, kStart))
          .error()
          .code,
      "tx.wrong_chain");
  EXPECT_EQ(ledger->submit(sign("stranger", "item.define", body)).error().code, "tx.unknown_key");
  std::string forged = sign("ga", "item.define", body);
  const std::string other = sign("ga", "item.define", item_body("ga.third", 1));
  forged = forged.substr(0, forged.rfind('.')) + other.substr(other.rfind('.'));
  const auto refused = ledger->submit(forged);
  EXPECT_EQ(refused.error().code, "tx.bad_signature");
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnauthenticated);
  EXPECT_EQ(ledger->submit("no transaction").error().code, "tx.invalid");
  EXPECT_EQ(ledger->submit(std::string(70000, 'a')).error().code, "tx.too_large");
  EXPECT_EQ(ledger->submit(sign("op", "network.found", found_body())).error().code,
            "network.already_founded");
  EXPECT_EQ(ledger->size(), size + 1);
  EXPECT_EQ(ledger->health().rejected, 9U);
}

TEST(Ledger, FoundsOnlyWithItsOwnHostKey) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  Json body = found_body();
  body["host_jwk"] = jwk_of("somebody");
  EXPECT_EQ(ledger->submit(sign("op", "network.found", body)).error().code,
            "ledger.wrong_host_key");
  EXPECT_EQ(ledger->size(), 0U);
}

TEST(Ledger, SubmitsAsHost) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  const World world = opened().world;
  submit_all(*ledger, signed_history(world));
  const Json open = world.history.back().body;
  const auto applied =
      ledger->submit_as_host("access.release", release_body(world, open, "delivered"));
  ASSERT_TRUE(applied.ok()) << applied.error().code << applied.error().field;
  ledger->read([&open](const StateReader& state) {
    const auto access = state.get("access/" + open.at("access").get<std::string>());
    ASSERT_TRUE(access.has_value());
    EXPECT_EQ(access->at("state"), "DELIVERED");
  });
}

TEST(Ledger, RecordsRefusedAccesses) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  Granted city_with_grant = granted();
  submit_all(*ledger, signed_history(city_with_grant.world));
  const std::string grant = city_with_grant.grant.at("grant");
  submit_all(*ledger, {sign("jia", "grant.revoke", {{"grant", grant}, {"reason", "done"}})});
  const std::uint64_t events = ledger->subject_events(account_of("jia"))->value.count;

  const std::string attempt =
      sign("bank", "access.open", open_body(city_with_grant.world, city_with_grant.grant));
  const std::uint64_t size = ledger->size();
  const auto refused = ledger->submit(attempt);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "grant.revoked");
  ASSERT_EQ(ledger->size(), size + 1);
  const StoredTx recorded = ledger->transaction(size).value();
  const Transaction tx = proof::parse_transaction(recorded.bytes).value();
  EXPECT_EQ(tx.id_hex(), refused.error().txn_id);
  EXPECT_EQ(tx.op, "access.refuse");
  EXPECT_EQ(tx.body.at("code"), "grant.revoked");
  EXPECT_EQ(tx.body.at("attempt"), attempt);
  EXPECT_EQ(ledger->subject_events(account_of("jia"))->value.count, events + 1);

  EXPECT_EQ(ledger->submit(attempt).error().code, "tx.duplicate");
  EXPECT_EQ(ledger->size(), size + 1);
  // A grant that does not exist has nobody to trace the refusal for.
  Json nowhere = open_body(city_with_grant.world, city_with_grant.grant);
  nowhere["grant"] = id(424242);
  const auto unknown = ledger->submit(sign("bank", "access.open", nowhere));
  EXPECT_EQ(unknown.error().code, "grant.not_found");
  EXPECT_EQ(unknown.error().txn_id, "");
  EXPECT_EQ(ledger->size(), size + 1);
}

TEST(Ledger, ContinuesAfterRestart) {
  const TempDir dir;
  const auto history = signed_history(granted().world);
  std::string head;
  {
    const auto ledger = must_open(options_in(dir.path()));
    submit_all(*ledger, history);
    head = ledger->head().value();
  }
  const Hash32 before = digest_of(dir.path());
  {
    const auto ledger = must_open(options_in(dir.path()));
    EXPECT_EQ(ledger->size(), history.size());
    const auto a = proof::open_head(head, host(), kChain).value();
    const auto b = proof::open_head(ledger->head().value(), host(), kChain).value();
    EXPECT_EQ(a.log_root, b.log_root);
    EXPECT_EQ(a.subject_root, b.subject_root);
    EXPECT_EQ(a.time_ms, b.time_ms);
    EXPECT_EQ(ledger->submit(history.back()).error().code, "tx.duplicate");
    submit_all(*ledger, {item_tx(1)});
  }
  EXPECT_NE(digest_of(dir.path()), before);
}

TEST(Ledger, RebuildsTheSameStateFromItsFilesAlone) {
  const TempDir dir;
  LedgerOptions options = options_in(dir.path());
  options.chunk_bytes = 16384;  // several chunks
  {
    const auto ledger = must_open(options);
    submit_all(*ledger, signed_history(granted().world));
    for (unsigned n = 0; n < 30; ++n) submit_all(*ledger, {subject_tx(n), item_tx(n)});
  }
  std::size_t chunks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path() / "chunks")) {
    chunks += entry.path().extension() == ".qcl" ? 1U : 0U;
  }
  EXPECT_GE(chunks, 4U);
  const Hash32 before = digest_of(dir.path());
  std::filesystem::remove_all(dir.path() / "state");
  must_open(options).reset();
  EXPECT_EQ(digest_of(dir.path()), before);
}

TEST(Ledger, RefusesAnotherNetworkAndAnotherHost) {
  const TempDir dir;
  {
    const auto ledger = must_open(options_in(dir.path()));
    submit_all(*ledger, {sign("op", "network.found", found_body())});
    EXPECT_EQ(Ledger::open(options_in(dir.path()), key_of("host")).error().code, "ledger.locked");
  }
  LedgerOptions other = options_in(dir.path());
  other.chain = "other-net";
  EXPECT_EQ(Ledger::open(other, key_of("host")).error().code, "ledger.wrong_chain");
  EXPECT_EQ(Ledger::open(options_in(dir.path()), key_of("other")).error().code,
            "ledger.wrong_host_key");
}

TEST(Ledger, TimeNeverRunsBackwards) {
  const TempDir dir;
  std::atomic<std::int64_t> now{kStart * 1000 + 5000};
  LedgerOptions options = options_in(dir.path());
  options.clock_ms = [&now] { return now.load(); };
  const auto ledger = must_open(options);
  submit_all(*ledger, signed_history(city()));
  now = kStart * 1000 - 60000;
  const auto applied = ledger->submit(item_tx(1));
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->time_ms, kStart * 1000 + 5000);
}

TEST(Ledger, PublishesEverythingInOrder) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  const auto history = signed_history(city());
  submit_all(*ledger, {history.begin(), history.begin() + 5});
  std::mutex mutex;
  std::vector<std::uint64_t> seen;
  std::vector<std::string> actors;
  auto token = ledger->subscribe([&](const std::vector<Published>& batch) {
    const std::lock_guard lock(mutex);
    for (const Published& one : batch) {
      seen.push_back(one.stored.index);
      actors.push_back(one.effect.actor);
      EXPECT_EQ(one.stored.bytes, history[one.stored.index]);
      EXPECT_EQ(one.tx.bytes, one.stored.bytes);
    }
  });
  submit_all(*ledger, {history.begin() + 5, history.end()});
  for (int i = 0; i < 20000; ++i) {
    {
      const std::lock_guard lock(mutex);
      if (seen.size() == history.size() - 5) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  token.reset();
  submit_all(*ledger, {item_tx(1)});
  ASSERT_EQ(seen.size(), history.size() - 5);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 5);

  std::vector<std::string> replayed;
  ASSERT_TRUE(ledger->replay(5, [&](const Published& one) {
    replayed.push_back(one.effect.actor);
    return replayed.size() < actors.size();
  }));
  EXPECT_EQ(replayed, actors);
}

TEST(Ledger, ASlowListenerMissesNothingAndHoldsNobodyUp) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t first = ledger->size();
  std::atomic<std::uint64_t> next{first};
  std::atomic<bool> in_order{true};
  std::atomic<bool> hold{true};
  const auto token = ledger->subscribe([&](const std::vector<Published>& batch) {
    while (hold) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const Published& one : batch) {
      if (one.stored.index != next) in_order = false;
      ++next;
    }
  });
  for (unsigned n = 0; n < 100; ++n) submit_all(*ledger, {item_tx(n)});
  EXPECT_EQ(next, first);  // the listener was still busy when all were durable
  hold = false;
  for (int i = 0; i < 20000 && next < first + 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(next, first + 100);
  EXPECT_TRUE(in_order);
}

TEST(Ledger, TakesManySubmittersAtOnce) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  submit_all(*ledger, signed_history(city()));
  const std::uint64_t first = ledger->size();
  constexpr unsigned kThreads = 64;
  constexpr unsigned kEach = 4;
  std::vector<std::vector<std::string>> work(kThreads);
  for (unsigned t = 0; t < kThreads; ++t) {
    for (unsigned i = 0; i < kEach; ++i) work[t].push_back(item_tx(t * kEach + i));
  }
  std::vector<std::thread> threads;
  std::atomic<unsigned> good{0};
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (const std::string& tx : work[t]) {
        const auto applied = ledger->submit(tx);
        if (applied && proof::verify_receipt(tx, applied->receipt, host(), kChain) &&
            ledger->transaction(applied->index).value().bytes == tx) {
          ++good;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads * kEach);
  EXPECT_EQ(ledger->size(), first + kThreads * kEach);
  EXPECT_LT(ledger->health().batches, first + kThreads * kEach);  // they shared batches
  EXPECT_EQ(ledger->health().queued_bytes, 0U);
}

TEST(Ledger, OneOfManyDuplicatesWins) {
  const TempDir dir;
  const auto ledger = must_open(options_in(dir.path()));
  submit_all(*ledger, signed_history(city()));
  const std::string tx = item_tx(7);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  std::atomic<int> duplicate{0};
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      const auto applied = ledger->submit(tx);
      if (applied) {
        ++good;
      } else if (applied.error().code == "tx.duplicate") {
        ++duplicate;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(duplicate, 15);
}

TEST(Ledger, RefusesWhenItsQueueIsFull) {
  const TempDir dir;
  std::atomic<bool> hold{true};
  LedgerOptions options = options_in(dir.path());
  options.queue_bytes = 20000;
  std::atomic<bool> slow{false};
  options.clock_ms = [&] {
    while (slow && hold) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return kStart * 1000 + 7;
  };
  const auto ledger = must_open(options);
  submit_all(*ledger, signed_history(city()));
  slow = true;
  std::atomic<int> good{0};
  std::atomic<int> busy{0};
  for (unsigned n = 0; n < 40; ++n) {
    ledger->submit_async(item_tx(n), [&](Result<Applied> applied) {
      if (applied) {
        ++good;
      } else if (applied.error().code == "ledger.busy" && applied.error().retryable &&
                 applied.error().kind == ErrorKind::kRateLimited) {
        ++busy;
      }
    });
  }
  EXPECT_GT(busy, 0);
  EXPECT_LE(ledger->health().queued_bytes, 20000U);
  EXPECT_GT(ledger->health().queued_bytes, 0U);
  hold = false;
  for (int i = 0; i < 20000 && good + busy < 40; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(good + busy, 40);
  EXPECT_GT(good, 0);
  EXPECT_TRUE(ledger->submit(item_tx(1000)).ok());  // and it goes on
}

TEST(Ledger, WritesTheSameFilesFromTheSameTransactions) {
  const auto history = signed_history(granted().world);
  const TempDir a;
  const TempDir b;
  for (const TempDir* dir : {&a, &b}) {
    submit_all(*must_open(options_in(dir->path())), history);
  }
  EXPECT_EQ(read_text(a.path() / "chunks/000000000000.qcl"),
            read_text(b.path() / "chunks/000000000000.qcl"));
  EXPECT_EQ(digest_of(a.path()), digest_of(b.path()));
}

}  // namespace
}  // namespace qc::chain::test
