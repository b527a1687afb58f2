// SM2 verification per core, messages of 512 bytes hashed each time, with OpenSSL in the same run
// as the yardstick. Every figure is CPU time, so that other processes disturb it less; with
// --benchmark_repetitions=N the best repetition counts, as all the others were disturbed more.
#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "sdk/crypto/ossl.hpp"
#include "sdk/crypto/sm2_batch.hpp"
#include "sdk/crypto/sm2_der.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/crypto/sm3_public.hpp"
#include "tests/bench/figures.hpp"

namespace qc::crypto {
namespace {

constexpr std::size_t kKeys = 1024;
constexpr std::size_t kMessageBytes = 512;

struct Sample {
  PublicKey key;
  Bytes xy;
  Bytes message;
  Signature64 signature;
  Bytes der;
  NonceHint hint;
  ossl::Pkey pkey;
};

ossl::Pkey load_by_openssl(ByteView xy) {
  Bytes point{POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), xy.begin(), xy.end());
  std::array<char, 4> group{"SM2"};
  std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "SM2", nullptr));
  EVP_PKEY* pkey = nullptr;
  ossl::must(EVP_PKEY_fromdata_init(ctx.get()) == 1 &&
             EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.data()) == 1);
  return ossl::Pkey(pkey);
}

/// As many signatures, by as many keys.
const std::vector<Sample>& samples() {
  static const std::vector<Sample> made = [] {
    std::vector<Sample> out;
    for (std::size_t i = 0; i < kKeys; ++i) {
      const PrivateKey key = PrivateKey::generate();
      Sample sample{key.public_key(), {}, random_bytes(kMessageBytes), {}, {}, {}, nullptr};
      const ByteView xy = sample.key.xy();
      sample.xy.assign(xy.begin(), xy.end());
      sample.signature = key.sign(sample.message);
      sample.der = der::encode_signature(sample.signature);
      sample.hint = *sample.key.verify_for_hint(sample.message, sample.signature);
      sample.pkey = load_by_openssl(sample.xy);
      out.push_back(std::move(sample));
    }
    return out;
  }();
  return made;
}

bool verify_by_openssl(EVP_PKEY* pkey, const Sample& sample) {
  const ossl::MdCtx md(EVP_MD_CTX_new());
  const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  ossl::must(EVP_PKEY_CTX_set1_id(ctx.get(), kDefaultSm2Id.data(), kDefaultSm2Id.size()) == 1);
  EVP_MD_CTX_set_pkey_ctx(md.get(), ctx.get());
  ossl::must(EVP_DigestVerifyInit(md.get(), nullptr, EVP_sm3(), nullptr, pkey) == 1);
  return EVP_DigestVerify(md.get(), sample.der.data(), sample.der.size(), sample.message.data(),
                          sample.message.size()) == 1;
}

SignedItem item_of(const Sample& sample) {
  return {.message = sample.message,
          .signature = sample.signature,
          .xy = sample.xy,
          .hint = sample.hint};
}

template <typename Verify>
void for_each_sample(benchmark::State& state, Verify verify) {
  const auto& all = samples();
  std::size_t i = 0;
  for (auto _ : state) {
    if (!verify(all[i++ % all.size()])) state.SkipWithError("a valid signature was refused");
  }
  state.SetItemsProcessed(state.iterations());
}

void openssl_unseen(benchmark::State& state) {
  for_each_sample(state, [](const Sample& sample) {
    return verify_by_openssl(load_by_openssl(sample.xy).get(), sample);
  });
}

void openssl_loaded(benchmark::State& state) {
  for_each_sample(
      state, [](const Sample& sample) { return verify_by_openssl(sample.pkey.get(), sample); });
}

void ours_unseen(benchmark::State& state) {
  for_each_sample(state, [](const Sample& sample) { return sm2_verify(item_of(sample)); });
}

void ours_unseen_with_hint(benchmark::State& state) {
  for_each_sample(state, [](const Sample& sample) {
    return sm2_verify_for_hint(item_of(sample)) == sample.hint;
  });
}

void ours_loaded(benchmark::State& state) {
  for_each_sample(state, [](const Sample& sample) {
    return sample.key.verify(sample.message, sample.signature);
  });
}

/// The argument is how many keys take turns: their tables are 16 KB each.
void ours_cached(benchmark::State& state) {
  std::vector<PublicKey> keys;
  const auto count = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < count; ++i) keys.push_back(samples()[i].key.with_table());
  std::size_t i = 0;
  for (auto _ : state) {
    const Sample& sample = samples()[i % count];
    if (!keys[i % count].verify(sample.message, sample.signature)) {
      state.SkipWithError("a valid signature was refused");
    }
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
}

void make_table(benchmark::State& state) {
  for_each_sample(state, [](const Sample& sample) { return sample.key.with_table().has_table(); });
}

void batch_unseen(benchmark::State& state) {
  std::vector<SignedItem> items;
  const auto size = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < size; ++i) items.push_back(item_of(samples()[i]));
  const auto wrong = static_cast<std::size_t>(state.range(1));
  for (std::size_t i = 0; i < wrong; ++i) {
    auto& hint = items[i * size / wrong + 7].hint;
    hint = hint == NonceHint::kOdd ? NonceHint::kEven : NonceHint::kOdd;
  }
  BatchVerifier verifier;
  for (auto _ : state) {
    const auto valid = verifier.verify(items);
    if (!std::all_of(valid.begin(), valid.end(), [](bool v) { return v; })) {
      state.SkipWithError("a valid signature was refused");
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// The argument is how many keys signed the 1,024 messages.
void batch_of_keys(benchmark::State& state) {
  struct Signed {
    Bytes xy;
    Bytes message;
    Signature64 signature;
    NonceHint hint;
  };
  std::vector<Signed> made;
  std::vector<PrivateKey> keys;
  keys.reserve(static_cast<std::size_t>(state.range(0)));
  for (std::int64_t i = 0; i < state.range(0); ++i) keys.push_back(PrivateKey::generate());
  for (std::size_t i = 0; i < kKeys; ++i) {
    const PrivateKey& key = keys[i % keys.size()];
    Signed one{{}, random_bytes(kMessageBytes), {}, {}};
    one.xy.assign(key.public_key().xy().begin(), key.public_key().xy().end());
    one.signature = key.sign(one.message);
    one.hint = *key.public_key().verify_for_hint(one.message, one.signature);
    made.push_back(std::move(one));
  }
  std::vector<SignedItem> items;
  for (const Signed& one : made) {
    items.push_back(
        {.message = one.message, .signature = one.signature, .xy = one.xy, .hint = one.hint});
  }
  BatchVerifier verifier;
  for (auto _ : state) benchmark::DoNotOptimize(verifier.verify(items));
  if (verifier.counters().single != 0) state.SkipWithError("not verified as a batch");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kKeys));
}

template <typename Hash>
void hash_each_sample(benchmark::State& state, Hash hash) {
  for_each_sample(state, [&](const Sample& sample) {
    benchmark::DoNotOptimize(hash(sample.message));
    return true;
  });
}
void sm3_by_openssl(benchmark::State& state) {
  hash_each_sample(state, [](ByteView message) { return sm3(message); });
}
void sm3_of_ours(benchmark::State& state) {
  hash_each_sample(state, [](ByteView message) { return sm3_public({{message, {}, {}, {}}}); });
}
void sm3_in_lanes(benchmark::State& state) {
  std::vector<Sm3Input> inputs;
  for (const Sample& sample : samples()) inputs.push_back({{sample.message, {}, {}, {}}, nullptr});
  std::vector<Hash32> out(inputs.size());
  for (auto _ : state) {
    sm3_public_many(inputs, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(inputs.size()));
}

/// Prints as usual and keeps the best figure of each benchmark for the table at the end.
class Reporter : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const auto rate = run.counters.find("items_per_second");
      if (rate == run.counters.end()) continue;
      double& best = best_[run.run_name.str()];
      best = std::max(best, rate->second.value);
    }
  }

  struct Line {
    const char* what;
    const char* name;
    const char* yardstick;
    double target;  ///< per second; 0 if none was set
  };
  void print_ratios() const {
    constexpr std::array kLines = {
        Line{"unseen key", "ours_unseen", "openssl_unseen", 15000},
        Line{"unseen key, OpenSSL's key loaded", "ours_unseen", "openssl_loaded", 15000},
        Line{"unseen key, hint found", "ours_unseen_with_hint", "openssl_unseen", 0},
        Line{"loaded key, no table", "ours_loaded", "openssl_loaded", 0},
        Line{"cached key (16 of them)", "ours_cached/16", "openssl_loaded", 50000},
        Line{"cached key (256 of them)", "ours_cached/256", "openssl_loaded", 50000},
        Line{"batch of 1,024, unseen keys", "batch_unseen/1024/0", "openssl_loaded", 60000},
        Line{"batch of 1,024, 16 keys", "batch_of_keys/16", "openssl_loaded", 0},
    };
    bench::Figures figures;
    std::printf("\n%-34s %12s %12s %14s %7s\n", "per second and core, CPU time", "ours", "target",
                "OpenSSL", "ratio");
    for (const Line& line : kLines) {
      const auto ours = best_.find(line.name);
      const auto yardstick = best_.find(line.yardstick);
      if (ours == best_.end() || yardstick == best_.end()) continue;
      std::printf("%-34s %12.0f %12.0f %14.0f %6.1fx\n", line.what, ours->second, line.target,
                  yardstick->second, ours->second / yardstick->second);
      figures.add({std::string("sm2_verify ") + line.what, ours->second, "1/s", line.target,
                   yardstick->second, "a core, CPU time; yardstick: OpenSSL in the same run"});
    }
  }

 private:
  std::map<std::string, double> best_;
};

BENCHMARK(openssl_unseen);
BENCHMARK(openssl_loaded);
BENCHMARK(ours_unseen);
BENCHMARK(ours_unseen_with_hint);
BENCHMARK(ours_loaded);
BENCHMARK(ours_cached)->Arg(1)->Arg(16)->Arg(256);
BENCHMARK(make_table);
BENCHMARK(batch_unseen)
    ->Args({1024, 0})
    ->Args({256, 0})
    ->Args({64, 0})
    ->Args({16, 0})
    ->Args({1024, 1})
    ->Args({1024, 16})
    ->Args({1024, 128});
BENCHMARK(batch_of_keys)->Arg(1)->Arg(16)->Arg(256);
BENCHMARK(sm3_by_openssl);
BENCHMARK(sm3_of_ours);
BENCHMARK(sm3_in_lanes);

}  // namespace
}  // namespace qc::crypto

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  qc::crypto::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_ratios();
  return 0;
}
