// SM3 for public data against OpenSSL: every length around the block borders, every way of cutting
// a message into parts, every number of lanes.
#include "sdk/crypto/sm3_public.hpp"

#include "sdk/crypto/sm3.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

Sm3Input whole(ByteView message) { return {{message, {}, {}, {}}, nullptr}; }

TEST(Sm3Public, StandardExamples) {
  EXPECT_EQ(to_hex(sm3_public(whole(as_bytes("abc")))),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  const std::string longer = "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd";
  EXPECT_EQ(to_hex(sm3_public(whole(as_bytes(longer)))),
            "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
}

TEST(Sm3Public, AgreesWithOpensslAtEveryLength) {
  const Bytes bytes = random_bytes(700);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const ByteView message = ByteView(bytes).first(size);
    ASSERT_EQ(sm3_public(whole(message)), sm3(message)) << size;
  }
}

TEST(Sm3Public, PartsAreOneMessage) {
  const Bytes bytes = random_bytes(200);
  const ByteView message = bytes;
  const Hash32 expected = sm3(message);
  for (std::size_t a = 0; a <= 200; a += 3) {
    for (std::size_t b = a; b <= 200; b += 7) {
      for (const std::size_t c : {b, (b + 200) / 2, std::size_t{200}}) {
        const Sm3Input input = {{message.first(a), message.subspan(a, b - a),
                                 message.subspan(b, c - b), message.subspan(c)},
                                nullptr};
        ASSERT_EQ(sm3_public(input), expected) << a << ' ' << b << ' ' << c;
      }
    }
  }
}

TEST(Sm3Public, GoesOnFromAMidstate) {
  const Bytes bytes = random_bytes(400);
  const ByteView message = bytes;
  for (const std::size_t absorbed : {0U, 64U, 128U, 384U}) {
    const Sm3Midstate start = sm3_absorb({}, message.first(absorbed));
    EXPECT_EQ(start.bytes, absorbed);
    for (std::size_t size = absorbed; size <= bytes.size(); ++size) {
      const Sm3Input input = {{message.subspan(absorbed, size - absorbed), {}, {}, {}}, &start};
      ASSERT_EQ(sm3_public(input), sm3(message.first(size))) << absorbed << ' ' << size;
    }
  }
}

TEST(Sm3Public, LanesGiveTheSame) {
  const Bytes bytes = random_bytes(1000);
  const Sm3Midstate start = sm3_absorb({}, ByteView(bytes).first(128));
  unsigned tried = 0;
  for (const unsigned lanes : {1U, 4U, 8U, 16U}) {
    if (!sm3_has_lanes(lanes)) continue;
    ++tried;
    for (const std::size_t count : {0U, 1U, 3U, 4U, 5U, 15U, 16U, 17U, 100U}) {
      std::vector<Sm3Input> inputs;
      std::vector<Hash32> expected;
      for (std::size_t i = 0; i < count; ++i) {
        const ByteView message = ByteView(bytes).subspan(i, (i * 37) % 300);
        inputs.push_back(whole(message));
        if (i % 3 == 1) {
          inputs.back().start = &start;
          Bytes joined(bytes.begin(), bytes.begin() + 128);
          joined.insert(joined.end(), message.begin(), message.end());
          expected.push_back(sm3(joined));
        } else {
          expected.push_back(sm3(message));
        }
      }
      std::vector<Hash32> out(count);
      sm3_public_many_by(lanes, inputs, out);
      ASSERT_EQ(out, expected) << lanes << " lanes, " << count;
      std::vector<Hash32> chosen(count);
      sm3_public_many(inputs, chosen);
      ASSERT_EQ(chosen, expected) << count;
    }
  }
  EXPECT_GE(tried, 2U);
}

}  // namespace
}  // namespace qc::crypto::test
