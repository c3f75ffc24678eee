#include "protocol/utf8_vector.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <tmmintrin.h>
#define WSUV_HAS_SSSE3 1
#endif

namespace wsuv {

#ifdef WSUV_HAS_SSSE3
namespace {

// The method is that of J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per
// Byte" (2021). What is wrong with two neighbouring bytes can be told from three of their
// half-bytes: each looks up the errors that it allows, and those that all three allow are there.
enum Fault : uint8_t {
  kTooShort = 1 << 0,   // A lead byte, and no continuation byte behind it.
  kTooLong = 1 << 1,    // A continuation byte behind ASCII.
  kOverlong3 = 1 << 2,  // E0 and below A0.
  kTooLarge = 1 << 3,   // F4 and above 8F, or above F4.
  kSurrogate = 1 << 4,  // ED and above 9F.
  kOverlong2 = 1 << 5,  // C0 or C1.
  kTooLarge8 = 1 << 6,  // Above F4 and 80 to 8F.
  kOverlong4 = 1 << 6,  // F0 and below 90.
  kContinues = 1 << 7,  // Two continuation bytes: right behind some lead bytes only.
};
constexpr uint8_t kWhateverTheLow = kTooShort | kTooLong | kContinues;
constexpr uint8_t kHighF = kTooShort | kTooLarge | kTooLarge8 | kOverlong4;
constexpr uint8_t kLowPast4 = kWhateverTheLow | kTooLarge | kTooLarge8;
constexpr uint8_t kSecond = kTooLong | kOverlong2 | kContinues;

alignas(16) constexpr uint8_t kByFirstHigh[16] = {kTooLong,
                                                  kTooLong,
                                                  kTooLong,
                                                  kTooLong,
                                                  kTooLong,
                                                  kTooLong,
                                                  kTooLong,
                                                  kTooLong,
                                                  kContinues,
                                                  kContinues,
                                                  kContinues,
                                                  kContinues,
                                                  kTooShort | kOverlong2,
                                                  kTooShort,
                                                  kTooShort | kOverlong3 | kSurrogate,
                                                  kHighF};
alignas(16) constexpr uint8_t kByFirstLow[16] = {
    kWhateverTheLow | kOverlong2 | kOverlong3 | kOverlong4,
    kWhateverTheLow | kOverlong2,
    kWhateverTheLow,
    kWhateverTheLow,
    kWhateverTheLow | kTooLarge,
    kLowPast4,
    kLowPast4,
    kLowPast4,
    kLowPast4,
    kLowPast4,
    kLowPast4,
    kLowPast4,
    kLowPast4,
    kLowPast4 | kSurrogate,
    kLowPast4,
    kLowPast4};
alignas(16) constexpr uint8_t kBySecondHigh[16] = {kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kSecond | kOverlong3 | kTooLarge8 | kOverlong4,
                                                   kSecond | kOverlong3 | kTooLarge,
                                                   kSecond | kSurrogate | kTooLarge,
                                                   kSecond | kSurrogate | kTooLarge,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort,
                                                   kTooShort};

__attribute__((target("ssse3"))) inline __m128i Table(const uint8_t* table) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(table));
}

__attribute__((target("ssse3"))) inline __m128i HighHalves(__m128i bytes) {
  return _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0x0F));
}

// Whether anything is wrong up to the end of `bytes`, which `before` comes before.
__attribute__((target("ssse3"))) inline bool IsFaulty(__m128i bytes, __m128i before) {
  const __m128i first = _mm_alignr_epi8(bytes, before, 15);
  const __m128i by_first_high = _mm_shuffle_epi8(Table(kByFirstHigh), HighHalves(first));
  const __m128i by_first_low =
      _mm_shuffle_epi8(Table(kByFirstLow), _mm_and_si128(first, _mm_set1_epi8(0x0F)));
  const __m128i by_second_high = _mm_shuffle_epi8(Table(kBySecondHigh), HighHalves(bytes));
  const __m128i faults = _mm_and_si128(_mm_and_si128(by_first_high, by_first_low), by_second_high);
  // Behind E0 to EF the third byte, and behind F0 to FF the third and the fourth, must be the
  // second of two continuation bytes; and no others may be.
  const __m128i is_third =
      _mm_subs_epu8(_mm_alignr_epi8(bytes, before, 14), _mm_set1_epi8(static_cast<char>(0x60)));
  const __m128i is_fourth =
      _mm_subs_epu8(_mm_alignr_epi8(bytes, before, 13), _mm_set1_epi8(static_cast<char>(0x70)));
  const __m128i must_continue = _mm_and_si128(_mm_or_si128(is_third, is_fourth),
                                              _mm_set1_epi8(static_cast<char>(kContinues)));
  const __m128i wrong = _mm_xor_si128(must_continue, faults);
  return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) != 0xFFFF;
}

__attribute__((target("ssse3"))) size_t FaultlessBlocks(const uint8_t* data, size_t size) {
  __m128i before = _mm_setzero_si128();
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + i));
    if (IsFaulty(bytes, before)) break;
    before = bytes;
  }
  return i;
}

}  // namespace

size_t ValidUtf8Prefix(const uint8_t* data, size_t size) {
  static const bool has_ssse3 = __builtin_cpu_supports("ssse3") != 0;
  if (!has_ssse3) return 0;
  const size_t end = FaultlessBlocks(data, size);
  // The last character may be unfinished there.
  if (end == 0 || data[end - 1] < 0x80) return end;
  if (data[end - 1] >= 0xC0) return end - 1;
  if (data[end - 2] >= 0xE0) return end - 2;
  if (data[end - 3] >= 0xF0) return end - 3;
  return end;
}

#else

size_t ValidUtf8Prefix(const uint8_t*, size_t) { return 0; }

#endif

}  // namespace wsuv
