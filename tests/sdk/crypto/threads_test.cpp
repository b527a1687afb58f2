// One key used by many threads at once; meant for the thread sanitizer too.
#include <atomic>
#include <thread>

#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

TEST(Threads, KeysAreSharedSafely) {
  const PrivateKey key = PrivateKey::generate();
  std::atomic<int> good = 0;
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&key, &good, t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string text = std::to_string(t) + ":" + std::to_string(i);
        const PrivateKey copy = key;
        const std::string jws = jws_sign(copy, text, "t");
        const auto opened = jws_open(jws, key.public_key(), "t");
        const auto jwe = jwe_encrypt(key.public_key(), text);
        const auto plain = jwe_decrypt(copy, *jwe);
        const bool hashed = sm3(text) == Sm3().update(as_bytes(text)).finish();
        if (opened.ok() && opened->payload == text && plain.ok() && *plain == text && hashed)
          ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good.load(), kThreads * kRounds);
}

}  // namespace
}  // namespace qc::crypto::test
