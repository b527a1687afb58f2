#include "sdk/crypto/sm3_public.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace qc::crypto {
namespace {

constexpr std::size_t kBlockBytes = 64;

// One algorithm for one message (Word = std::uint32_t) and for several (Word = a vector of them,
// as both compilers extend the language). Words go by reference: a vector passed by value would
// make the calling convention depend on the instruction set.
template <unsigned kBits, typename Word>
[[gnu::always_inline]] inline Word& turn(Word& out, const Word& x) {
  out = (x << kBits) | (x >> (32 - kBits));
  return out;
}

constexpr std::uint32_t round_constant(unsigned round) {
  const std::uint32_t t = round < 16 ? 0x79cc4519U : 0x7a879d8aU;
  const unsigned bits = round % 32;
  return bits == 0 ? t : (t << bits) | (t >> (32 - bits));
}

/// W[kRound + 4], in place of W[kRound - 12] (clause 5.3.2).
template <unsigned kRound, typename Word>
[[gnu::always_inline]] inline void expand(Word (&w)[16]) {
  constexpr auto at = [](unsigned i) { return i % 16; };
  Word a, b, c;
  turn<15>(a, w[at(kRound + 1)]);
  a = a ^ w[at(kRound + 4)] ^ w[at(kRound + 11)];
  turn<15>(b, a);
  turn<23>(c, a);
  a = a ^ b ^ c;
  turn<7>(b, w[at(kRound + 7)]);
  w[at(kRound + 4)] = a ^ b ^ w[at(kRound + 14)];
}

/// Clause 5.3.3. The eight variables stay where they are and their names move on.
template <unsigned kRound, typename Word>
[[gnu::always_inline]] inline void one_round(Word (&s)[8], Word (&w)[16]) {
  constexpr unsigned kTurn = (4 - kRound % 4) % 4;
  const Word& a = s[kTurn % 4];
  Word& b = s[(kTurn + 1) % 4];
  const Word& c = s[(kTurn + 2) % 4];
  Word& d = s[(kTurn + 3) % 4];
  const Word& e = s[4 + kTurn % 4];
  Word& f = s[4 + (kTurn + 1) % 4];
  const Word& g = s[4 + (kTurn + 2) % 4];
  Word& h = s[4 + (kTurn + 3) % 4];
  if constexpr (kRound >= 12) expand<kRound>(w);
  Word a12, ss1, x, y;
  turn<12>(a12, a);
  ss1 = a12 + e + round_constant(kRound);
  turn<7>(ss1, Word(ss1));
  if constexpr (kRound < 16) {
    d = d + (a ^ b ^ c);
    h = h + (e ^ f ^ g);
  } else {
    d = d + ((a & b) | ((a | b) & c));
    h = h + (((f ^ g) & e) ^ g);
  }
  d = d + (ss1 ^ a12) + (w[kRound % 16] ^ w[(kRound + 4) % 16]);
  h = h + ss1 + w[kRound % 16];
  turn<9>(b, Word(b));
  turn<19>(f, Word(f));
  turn<9>(x, h);
  turn<17>(y, h);
  h = h ^ x ^ y;
}

template <typename Word, unsigned... kRounds>
[[gnu::always_inline]] inline void all_rounds(Word (&s)[8], Word (&w)[16],
                                              std::integer_sequence<unsigned, kRounds...>) {
  (one_round<kRounds>(s, w), ...);
}

/// One block each. words[i] holds word i of the blocks, and is used up.
template <typename Word>
[[gnu::always_inline]] inline void compress(Word (&state)[8], Word (&words)[16]) {
  Word s[8];
  for (unsigned i = 0; i < 8; ++i) s[i] = state[i];
  all_rounds(s, words, std::make_integer_sequence<unsigned, 64>());
  for (unsigned i = 0; i < 8; ++i) state[i] = state[i] ^ s[i];
}

std::uint32_t load_word(const std::uint8_t* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, 4);
  return __builtin_bswap32(value);
}

void compress_block(std::uint32_t (&state)[8], const std::uint8_t* block) {
  std::uint32_t words[16];
  for (unsigned i = 0; i < 16; ++i) words[i] = load_word(block + 4 * std::size_t{i});
  compress(state, words);
}

/// Hands out a message's blocks, the padding included.
class Blocks {
 public:
  Blocks() = default;
  explicit Blocks(const Sm3Input& input) : parts_(input.parts) {
    std::uint64_t bytes = input.start != nullptr ? input.start->bytes : 0;
    for (const ByteView part : parts_) bytes += part.size();
    bits_ = bytes * 8;
  }
  bool done() const { return done_; }

  /// The next block, in place if one part holds all of it, else put together in `room`.
  const std::uint8_t* next(std::uint8_t* room) {
    while (part_ < parts_.size() && at_ == parts_[part_].size()) {
      ++part_;
      at_ = 0;
    }
    if (part_ < parts_.size() && parts_[part_].size() - at_ >= kBlockBytes) {
      at_ += kBlockBytes;
      return parts_[part_].data() + at_ - kBlockBytes;
    }
    pad(room, gather(room));
    return room;
  }

 private:
  std::size_t gather(std::uint8_t* room) {
    std::size_t filled = 0;
    while (part_ < parts_.size() && filled < kBlockBytes) {
      const ByteView rest = parts_[part_].subspan(at_);
      const std::size_t size = std::min(rest.size(), kBlockBytes - filled);
      if (size != 0) std::memcpy(room + filled, rest.data(), size);
      filled += size;
      at_ += size;
      if (at_ == parts_[part_].size()) {
        ++part_;
        at_ = 0;
      }
    }
    return filled;
  }

  void pad(std::uint8_t* room, std::size_t filled) {
    if (filled == kBlockBytes) return;
    std::memset(room + filled, 0, kBlockBytes - filled);
    if (!marked_) room[filled++] = 0x80;
    marked_ = true;
    if (filled > kBlockBytes - 8) return;
    const std::uint64_t bits = __builtin_bswap64(bits_);
    std::memcpy(room + kBlockBytes - 8, &bits, 8);
    done_ = true;
  }

  std::array<ByteView, 4> parts_{};
  std::size_t part_ = 0;
  std::size_t at_ = 0;  ///< within the part
  std::uint64_t bits_ = 0;
  bool marked_ = false;  ///< the 1 bit after the message has been written
  bool done_ = false;
};

Hash32 to_digest(const std::uint32_t* words, std::size_t stride) {
  Hash32 out;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint32_t word = __builtin_bswap32(words[i * stride]);
    std::memcpy(out.data() + 4 * i, &word, 4);
  }
  return out;
}

using Compress = void (*)(std::uint32_t* state, std::uint32_t* words);

typedef std::uint32_t Vector4 __attribute__((vector_size(16)));
typedef std::uint32_t Vector8 __attribute__((vector_size(32)));
typedef std::uint32_t Vector16 __attribute__((vector_size(64)));

/// Over plain arrays, word 0 of every lane first.
template <typename Vector>
[[gnu::always_inline]] inline void compress_lanes(std::uint32_t* state, std::uint32_t* words) {
  Vector s[8];
  Vector w[16];
  __builtin_memcpy(s, state, sizeof s);
  __builtin_memcpy(w, words, sizeof w);
  compress(s, w);
  __builtin_memcpy(state, s, sizeof s);
}
void compress4(std::uint32_t* state, std::uint32_t* words) {
  compress_lanes<Vector4>(state, words);
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) void compress8(std::uint32_t* state, std::uint32_t* words) {
  compress_lanes<Vector8>(state, words);
}
__attribute__((target("avx512f"))) void compress16(std::uint32_t* state, std::uint32_t* words) {
  compress_lanes<Vector16>(state, words);
}
#endif

/// Each lane takes the next message as soon as it has finished one.
template <unsigned kLanes>
class LaneHasher {
 public:
  LaneHasher(Compress compress, std::span<const Sm3Input> inputs, std::span<Hash32> out)
      : compress_(compress), inputs_(inputs), out_(out) {}

  void run() {
    for (unsigned lane = 0; lane < kLanes; ++lane) take_next(lane);
    while (busy_ != 0) {
      for (unsigned lane = 0; lane < kLanes; ++lane) load(lane);
      compress_(state_, words_);
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        if (!active_[lane] || !blocks_[lane].done()) continue;
        out_[message_[lane]] = to_digest(state_ + lane, kLanes);
        --busy_;
        take_next(lane);
      }
    }
  }

 private:
  void take_next(unsigned lane) {
    active_[lane] = next_ < inputs_.size();
    if (!active_[lane]) return;
    const Sm3Input& input = inputs_[next_];
    blocks_[lane] = Blocks(input);
    message_[lane] = next_++;
    const Sm3Midstate fresh;
    const Sm3Midstate& start = input.start != nullptr ? *input.start : fresh;
    for (unsigned i = 0; i < 8; ++i) state_[i * kLanes + lane] = start.words[i];
    ++busy_;
  }

  void load(unsigned lane) {
    if (!active_[lane]) return;  // whatever it holds is hashed once more, and ignored
    std::uint8_t room[kBlockBytes];
    const std::uint8_t* block = blocks_[lane].next(room);
    for (unsigned i = 0; i < 16; ++i) {
      words_[i * kLanes + lane] = load_word(block + 4 * std::size_t{i});
    }
  }

  Compress compress_;
  std::span<const Sm3Input> inputs_;
  std::span<Hash32> out_;
  std::size_t next_ = 0;
  unsigned busy_ = 0;
  alignas(64) std::uint32_t state_[8 * kLanes] = {};
  alignas(64) std::uint32_t words_[16 * kLanes] = {};
  Blocks blocks_[kLanes];
  std::size_t message_[kLanes] = {};
  bool active_[kLanes] = {};
};

}  // namespace

Sm3Midstate sm3_absorb(const Sm3Midstate& start, ByteView blocks) {
  std::uint32_t state[8];
  std::copy(start.words.begin(), start.words.end(), state);
  for (std::size_t at = 0; at + kBlockBytes <= blocks.size(); at += kBlockBytes) {
    compress_block(state, blocks.data() + at);
  }
  Sm3Midstate out;
  std::copy(state, state + 8, out.words.begin());
  out.bytes = start.bytes + blocks.size();
  return out;
}

Hash32 sm3_public(const Sm3Input& input) {
  const Sm3Midstate fresh;
  const Sm3Midstate& start = input.start != nullptr ? *input.start : fresh;
  std::uint32_t state[8];
  std::copy(start.words.begin(), start.words.end(), state);
  Blocks blocks(input);
  std::uint8_t room[kBlockBytes];
  while (!blocks.done()) compress_block(state, blocks.next(room));
  return to_digest(state, 1);
}

bool sm3_has_lanes(unsigned lanes) {
#if defined(__x86_64__)
  if (lanes == 8) return __builtin_cpu_supports("avx2") != 0;
  if (lanes == 16) return __builtin_cpu_supports("avx512f") != 0;
#endif
  return lanes == 1 || lanes == 4;
}

void sm3_public_many_by(unsigned lanes, std::span<const Sm3Input> inputs, std::span<Hash32> out) {
  if (lanes == 4) return LaneHasher<4>(compress4, inputs, out).run();
#if defined(__x86_64__)
  if (lanes == 8) return LaneHasher<8>(compress8, inputs, out).run();
  if (lanes == 16) return LaneHasher<16>(compress16, inputs, out).run();
#endif
  for (std::size_t i = 0; i < inputs.size(); ++i) out[i] = sm3_public(inputs[i]);
}

void sm3_public_many(std::span<const Sm3Input> inputs, std::span<Hash32> out) {
  // A vector costs as much for one message as for a full set.
  unsigned lanes = inputs.size() < 4 ? 1 : 16;
  while (lanes > 1 && (!sm3_has_lanes(lanes) || inputs.size() * 2 <= lanes)) lanes /= 2;
  if (lanes == 2) lanes = 1;
  sm3_public_many_by(lanes, inputs, out);
}

}  // namespace qc::crypto
