#include "tests/bench/chain/workload.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "sdk/crypto/jose.hpp"

namespace qc::bench {
namespace {

using namespace chain::test;

/// make(i) for i in [0, count), on two threads.
template <typename Make>
auto in_parallel(std::size_t count, Make make) {
  std::vector<decltype(make(std::size_t{}))> out(count);
  const auto work = [&](std::size_t first) {
    for (std::size_t i = first; i < count; i += 2) out[i] = make(i);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  return out;
}

std::string sign_as(const crypto::PrivateKey& key, std::string_view op, const Json& body) {
  return proof::make_transaction(key, kChain, op, body, kStart);
}

Json subject_of(const std::string& name, const crypto::PrivateKey& key) {
  const Json evidence{{"v", 1},
                      {"chain", kChain},
                      {"account", account_of(name)},
                      {"pseudonym", pseudonym_of(name)},
                      {"kid", key.kid()},
                      {"method", "id_card"},
                      {"iat", kStart}};
  return {{"account", account_of(name)},
          {"kind", "person"},
          {"pseudonym", pseudonym_of(name)},
          {"jwk", key.public_key().to_jwk()},
          {"evidence", evidence_jws(evidence)}};
}

crypto::NonceHint hint_of(const crypto::PublicKey& key, const std::string& jws) {
  const auto parts = proof::signed_parts(jws);
  return key.verify_for_hint(as_bytes(parts->message), parts->signature).value();
}

}  // namespace

Workload::Workload(std::size_t persons) : city_(city()) {
  persons_.reserve(persons);
  const auto keys = in_parallel(persons, [](std::size_t) {
    return std::optional<crypto::PrivateKey>(crypto::PrivateKey::generate());
  });
  for (std::size_t i = 0; i < persons; ++i) {
    persons_.push_back({"person " + std::to_string(i), *keys[i]});
  }
}

std::vector<std::string> Workload::setup() const {
  std::map<std::string, std::string> names;
  for (const char* name :
       {"op", "host", "reg", "ga", "rs", "bank", "other", "svc", "sup", "jia", "yi", "plugin"}) {
    names[key_of(name).kid()] = name;
  }
  std::vector<std::string> out;
  for (const chain::Transaction& tx : city_.history) {
    out.push_back(sign_as(key_of(names.at(tx.kid)), tx.op, tx.body));
  }
  const auto opened = in_parallel(persons_.size(), [this](std::size_t i) {
    const Person& person = persons_[i];
    return sign_as(key_of("reg"), "subject.open", subject_of(person.name, person.key));
  });
  out.insert(out.end(), opened.begin(), opened.end());
  return out;
}

Workload::Refusals Workload::refusals(bool with_hints) const {
  struct Pair {
    std::string request;
    chain::Submission refusal;
  };
  auto pairs = in_parallel(persons_.size(), [&](std::size_t i) {
    const Person& person = persons_[i];
    World world;  // for its clock alone
    Json body = request_body(world, person.name);
    body["request"] = random_id();
    Pair out;
    out.request = sign_as(key_of("bank"), "request.create", body);
    const Json refusal{{"request", body["request"]}, {"reason", std::string(190, 'r')}};
    out.refusal.bytes = sign_as(person.key, "request.refuse", refusal);
    if (with_hints) out.refusal.hint = hint_of(person.key.public_key(), out.refusal.bytes);
    return out;
  });
  Refusals out;
  for (Pair& pair : pairs) {
    out.requests.push_back(std::move(pair.request));
    out.refusals.push_back(std::move(pair.refusal));
  }
  return out;
}

Workload::Grants Workload::grants() const {
  struct Story {
    std::vector<std::string> before;
    std::string grant;
  };
  auto stories = in_parallel(persons_.size(), [this](std::size_t i) {
    const Person& person = persons_[i];
    World world;  // its clock, and where grant_body() looks for assets
    Story out;
    for (const char* item : {"ga.hukou", "rs.social"}) {
      Json asset = asset_body(world, person.name, item);
      const std::string id = random_id();
      asset["asset"] = id;
      const char* const department = item[0] == 'g' ? "ga" : "rs";
      out.before.push_back(sign_as(key_of(department), "asset.issue", asset));
      asset["state"] = "live";
      world.state.entries["asset/" + id] = asset;
      world.state.entries["of/" + account_of(person.name) + "/asset/" + id] = true;
    }
    Json request = request_body(world, person.name);
    request["request"] = random_id();
    out.before.push_back(sign_as(key_of("bank"), "request.create", request));
    out.before.push_back(
        sign_as(person.key, "request.open",
                {{"request", request["request"]}, {"notice_sm3", digest("notice")}}));
    Json grant = grant_body(world, person.name, request);
    grant["grant"] = random_id();
    out.grant = sign_as(person.key, "grant.create", grant);
    return out;
  });
  Grants out;
  for (Story& story : stories) {
    for (std::string& one : story.before) out.before.push_back(std::move(one));
    out.grants.push_back({std::move(story.grant)});
  }
  return out;
}

std::vector<std::string> Workload::assets(std::size_t count) const {
  return in_parallel(count, [this](std::size_t i) {
    World world;  // for its clock alone
    const bool first = i % 2 == 0;
    Json body =
        asset_body(world, persons_[i % persons_.size()].name, first ? "ga.hukou" : "rs.social");
    body["asset"] = random_id();
    return sign_as(key_of(first ? "ga" : "rs"), "asset.issue", body);
  });
}

void submit_all(chain::Ledger& ledger, const std::vector<std::string>& transactions) {
  // The city comes one by one: a signer must be on the ledger before it signs.
  constexpr std::size_t kCity = 100;
  constexpr std::size_t kAtOnce = 2000;
  std::size_t at = 0;
  while (at < transactions.size()) {
    const bool alone = ledger.size() < kCity;
    const std::size_t count = std::min(alone ? 1 : kAtOnce, transactions.size() - at);
    std::vector<chain::Submission> some;
    for (std::size_t i = 0; i < count; ++i) some.push_back({transactions[at + i]});
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    ledger.submit_many(std::move(some), [&](const chain::Ledger::Outcomes& outcomes) {
      for (const auto& outcome : outcomes) {
        if (outcome.ok()) continue;
        std::fprintf(stderr, "refused: %s: %s (%s)\n", outcome.error().code.c_str(),
                     outcome.error().message.c_str(), outcome.error().field.c_str());
        std::_Exit(1);
      }
      const std::lock_guard lock(mutex);
      ready = true;
      changed.notify_one();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ready; });
    at += count;
  }
}

chain::LedgerOptions ledger_options(const std::filesystem::path& directory) {
  chain::LedgerOptions options;
  options.directory = directory;
  options.chain = kChain;
  options.clock_ms = [] { return kStart * 1000 + 7; };
  return options;
}

std::size_t mean_size(const std::vector<std::string>& transactions) {
  std::size_t bytes = 0;
  for (const std::string& one : transactions) bytes += one.size();
  return transactions.empty() ? 0 : bytes / transactions.size();
}

}  // namespace qc::bench
