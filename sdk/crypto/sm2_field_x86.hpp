// Internal: the field's arithmetic for x86-64 with BMI2 and ADX (Intel from 2014, AMD from 2017).
// g++ 12 keeps no carry in a flag across 128-bit integers, which costs a factor of two; hence
// assembler. Public data only, though nothing here depends on the values in time.
#pragma once

#if defined(__x86_64__)

#include <cpuid.h>

#include "sdk/crypto/sm2_field.hpp"

namespace qc::crypto::sm2 {

// The assembler takes 13 registers, which sanitizers leave only to a function of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QC_SM2_INLINE [[gnu::noinline]]
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QC_SM2_INLINE [[gnu::noinline]]
#endif
#endif
#if !defined(QC_SM2_INLINE)
#define QC_SM2_INLINE [[gnu::always_inline]]
#endif

// r0…r7: the product's limbs. lo, hi: a partial product. rdx: the multiplier (mulx reads it).

/// r0…r4 = a * b[0].
#define QC_SM2_FIRST_ROW           \
  "movq 0(%[b]),%%rdx\n\t"         \
  "mulxq 0(%[a]),%[r0],%[r1]\n\t"  \
  "mulxq 8(%[a]),%[lo],%[r2]\n\t"  \
  "addq %[lo],%[r1]\n\t"           \
  "mulxq 16(%[a]),%[lo],%[r3]\n\t" \
  "adcq %[lo],%[r2]\n\t"           \
  "mulxq 24(%[a]),%[lo],%[r4]\n\t" \
  "adcq %[lo],%[r3]\n\t"           \
  "adcq $0,%[r4]\n\t"

/// (i, j, k, l, m) += a * b[at], m being new. Low halves carry in CF and high halves in OF.
#define QC_SM2_ROW(at, i, j, k, l, m) \
  "movq " at                          \
  "(%[b]),%%rdx\n\t"                  \
  "xorl %k[" m "],%k[" m              \
  "]\n\t"                             \
  "mulxq 0(%[a]),%[lo],%[hi]\n\t"     \
  "adcxq %[lo],%[" i                  \
  "]\n\t"                             \
  "adoxq %[hi],%[" j                  \
  "]\n\t"                             \
  "mulxq 8(%[a]),%[lo],%[hi]\n\t"     \
  "adcxq %[lo],%[" j                  \
  "]\n\t"                             \
  "adoxq %[hi],%[" k                  \
  "]\n\t"                             \
  "mulxq 16(%[a]),%[lo],%[hi]\n\t"    \
  "adcxq %[lo],%[" k                  \
  "]\n\t"                             \
  "adoxq %[hi],%[" l                  \
  "]\n\t"                             \
  "mulxq 24(%[a]),%[lo],%[hi]\n\t"    \
  "adcxq %[lo],%[" l                  \
  "]\n\t"                             \
  "adoxq %[" m                        \
  "],%[hi]\n\t"                       \
  "adcxq %[hi],%[" m "]\n\t"

/// (a, b, c, d) + a p, whose lowest limb vanishes, with `a` now the highest: no multiplication, as
/// p = 2^256 - 2^224 - 2^96 + 2^64 - 1. The result stays below 2^256.
#define QC_SM2_REDUCE(a, b, c, d)          \
  "movq %[" a                              \
  "],%[lo]\n\tshlq $32,%[lo]\n\t"          \
  "movq %[" a                              \
  "],%[hi]\n\tshrq $32,%[hi]\n\t"          \
  "addq %[" a "],%[" b "]\n\tadcq $0,%[" c \
  "]\n\t"                                  \
  "adcq $0,%[" d "]\n\tadcq $0,%[" a       \
  "]\n\t"                                  \
  "subq %[lo],%[" b "]\n\tsbbq %[hi],%[" c \
  "]\n\t"                                  \
  "sbbq %[lo],%[" d "]\n\tsbbq %[hi],%[" a "]\n\t"

/// r0…r3 -= p unless that is negative; rdx is the limb above r3. Spoils r4…r7.
#define QC_SM2_SUBTRACT_P                                                                         \
  "movabsq $0xffffffff00000000,%[lo]\n\tmovabsq $0xfffffffeffffffff,%[hi]\n\t"                    \
  "movq %[r0],%[r4]\n\tmovq %[r1],%[r5]\n\tmovq %[r2],%[r6]\n\tmovq %[r3],%[r7]\n\t"              \
  "subq $-1,%[r4]\n\tsbbq %[lo],%[r5]\n\tsbbq $-1,%[r6]\n\tsbbq %[hi],%[r7]\n\tsbbq $0,%%rdx\n\t" \
  "cmovncq %[r4],%[r0]\n\tcmovncq %[r5],%[r1]\n\tcmovncq %[r6],%[r2]\n\tcmovncq %[r7],%[r3]\n\t"

/// r0…r3 = r0…r7 / 2^256 mod p.
#define QC_SM2_MONTGOMERY                                                            \
  QC_SM2_REDUCE("r0", "r1", "r2", "r3")                                              \
  QC_SM2_REDUCE("r1", "r2", "r3", "r0")                                              \
  QC_SM2_REDUCE("r2", "r3", "r0", "r1")                                              \
  QC_SM2_REDUCE("r3", "r0", "r1", "r2")                                              \
  "xorl %%edx,%%edx\n\taddq %[r4],%[r0]\n\tadcq %[r5],%[r1]\n\tadcq %[r6],%[r2]\n\t" \
  "adcq %[r7],%[r3]\n\tadcq $0,%%rdx\n\t" QC_SM2_SUBTRACT_P

struct AdxField {
  using Value = Fe;

  /// Whether this processor has the instructions.
  static bool available() {
    static const bool value = [] {
      unsigned eax = 0;
      unsigned ebx = 0;
      unsigned ecx = 0;
      unsigned edx = 0;
      constexpr unsigned kBmi2 = 1U << 8U;
      constexpr unsigned kAdx = 1U << 19U;
      return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 1 &&
             (ebx & (kBmi2 | kAdx)) == (kBmi2 | kAdx);
    }();
    return value;
  }

  QC_SM2_INLINE static Fe mul(const Fe& a, const Fe& b) {
    std::uint64_t r0, r1, r2, r3, r4, r5, r6, r7, lo, hi;
    __asm__(QC_SM2_FIRST_ROW                                   //
                QC_SM2_ROW("8", "r1", "r2", "r3", "r4", "r5")  //
            QC_SM2_ROW("16", "r2", "r3", "r4", "r5", "r6")
                QC_SM2_ROW("24", "r3", "r4", "r5", "r6", "r7") QC_SM2_MONTGOMERY
            : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4),
              [r5] "=&r"(r5), [r6] "=&r"(r6), [r7] "=&r"(r7), [lo] "=&r"(lo), [hi] "=&r"(hi)
            : [a] "r"(&a.v), [b] "r"(&b.v), "m"(a.v), "m"(b.v)
            : "rdx", "cc");
    return {{r0, r1, r2, r3}};
  }

  /// Six products of different limbs, doubled while the four squares are added.
  QC_SM2_INLINE static Fe sqr(const Fe& a) {
    std::uint64_t r0, r1, r2, r3, r4, r5, r6, r7, lo, hi;
    __asm__(
        "movq 0(%[a]),%%rdx\n\t"
        "mulxq 8(%[a]),%[r1],%[r2]\n\t"
        "mulxq 16(%[a]),%[lo],%[r3]\n\taddq %[lo],%[r2]\n\t"
        "mulxq 24(%[a]),%[lo],%[r4]\n\tadcq %[lo],%[r3]\n\tadcq $0,%[r4]\n\t"
        "movq 8(%[a]),%%rdx\n\txorl %k[r5],%k[r5]\n\t"
        "mulxq 16(%[a]),%[lo],%[hi]\n\tadcxq %[lo],%[r3]\n\tadoxq %[hi],%[r4]\n\t"
        "mulxq 24(%[a]),%[lo],%[hi]\n\tadcxq %[lo],%[r4]\n\tadoxq %[r5],%[hi]\n\t"
        "adcxq %[hi],%[r5]\n\t"
        "movq 16(%[a]),%%rdx\n\t"
        "mulxq 24(%[a]),%[lo],%[r6]\n\taddq %[lo],%[r5]\n\tadcq $0,%[r6]\n\t"
        "movq 0(%[a]),%%rdx\n\txorl %k[r7],%k[r7]\n\t"
        "mulxq %%rdx,%[r0],%[hi]\n\tadcxq %[r1],%[r1]\n\tadoxq %[hi],%[r1]\n\t"
        "movq 8(%[a]),%%rdx\n\tmulxq %%rdx,%[lo],%[hi]\n\t"
        "adcxq %[r2],%[r2]\n\tadoxq %[lo],%[r2]\n\tadcxq %[r3],%[r3]\n\tadoxq %[hi],%[r3]\n\t"
        "movq 16(%[a]),%%rdx\n\tmulxq %%rdx,%[lo],%[hi]\n\t"
        "adcxq %[r4],%[r4]\n\tadoxq %[lo],%[r4]\n\tadcxq %[r5],%[r5]\n\tadoxq %[hi],%[r5]\n\t"
        "movq 24(%[a]),%%rdx\n\tmulxq %%rdx,%[lo],%[hi]\n\t"
        "adcxq %[r6],%[r6]\n\tadoxq %[lo],%[r6]\n\tadcxq %[r7],%[r7]\n\tadoxq "
        "%[hi],%[r7]\n\t" QC_SM2_MONTGOMERY
        : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4),
          [r5] "=&r"(r5), [r6] "=&r"(r6), [r7] "=&r"(r7), [lo] "=&r"(lo), [hi] "=&r"(hi)
        : [a] "r"(&a.v), "m"(a.v)
        : "rdx", "cc");
    return {{r0, r1, r2, r3}};
  }

  QC_SM2_INLINE static Fe add(const Fe& a, const Fe& b) {
    std::uint64_t r0 = a.v[0], r1 = a.v[1], r2 = a.v[2], r3 = a.v[3], r4, r5, r6, r7, lo, hi;
    __asm__(
        "xorl %%edx,%%edx\n\taddq 0(%[b]),%[r0]\n\tadcq 8(%[b]),%[r1]\n\tadcq 16(%[b]),%[r2]\n\t"
        "adcq 24(%[b]),%[r3]\n\tadcq $0,%%rdx\n\t" QC_SM2_SUBTRACT_P
        : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [r4] "=&r"(r4),
          [r5] "=&r"(r5), [r6] "=&r"(r6), [r7] "=&r"(r7), [lo] "=&r"(lo), [hi] "=&r"(hi)
        : [b] "r"(&b.v), "m"(b.v)
        : "rdx", "cc");
    return {{r0, r1, r2, r3}};
  }

  QC_SM2_INLINE static Fe sub(const Fe& a, const Fe& b) {
    std::uint64_t r0 = a.v[0], r1 = a.v[1], r2 = a.v[2], r3 = a.v[3], lift, p1, p3;
    __asm__(
        "subq 0(%[b]),%[r0]\n\tsbbq 8(%[b]),%[r1]\n\tsbbq 16(%[b]),%[r2]\n\t"
        "sbbq 24(%[b]),%[r3]\n\tsbbq %[lift],%[lift]\n\t"
        "movq %[lift],%[p1]\n\tshlq $32,%[p1]\n\t"
        "movabsq $0xfffffffeffffffff,%[p3]\n\tandq %[lift],%[p3]\n\t"
        "addq %[lift],%[r0]\n\tadcq %[p1],%[r1]\n\tadcq %[lift],%[r2]\n\tadcq %[p3],%[r3]\n\t"
        : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [lift] "=&r"(lift),
          [p1] "=&r"(p1), [p3] "=&r"(p3)
        : [b] "r"(&b.v), "m"(b.v)
        : "cc");
    return {{r0, r1, r2, r3}};
  }
};

#undef QC_SM2_FIRST_ROW
#undef QC_SM2_ROW
#undef QC_SM2_REDUCE
#undef QC_SM2_SUBTRACT_P
#undef QC_SM2_MONTGOMERY
#undef QC_SM2_INLINE

}  // namespace qc::crypto::sm2

#endif
