#include "protocol/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/reference_reader.h"

namespace wsuv::test {
namespace {

bool Push(Utf8Validator& validator, const std::string& text) {
  return validator.Push(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::string Encode(uint32_t c) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 63))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)),
          byte(0x80 | (c & 63))};
}

TEST(Utf8Validator, AcceptsEveryCharacterAndNoSurrogate) {
  for (uint32_t c = 0; c <= 0x10FFFF; c++) {
    Utf8Validator validator;
    const bool valid = Push(validator, Encode(c)) && validator.IsComplete();
    ASSERT_EQ(valid, c < 0xD800 || c > 0xDFFF) << c;
    if (valid) {
      ASSERT_EQ(validator.IsAscii(), c < 0x80);
    }
  }
}

TEST(Utf8Validator, AgreesWithAPlainDecoderOnEverySequenceOfThreeBytes) {
  for (uint32_t bits = 0x7F7F7F; bits <= 0xFFFFFF; bits++) {
    const std::string text = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                              static_cast<char>(bits)};
    Utf8Validator validator;
    bool complete;
    const bool expected = ReferenceUtf8(text, &complete);
    ASSERT_EQ(Push(validator, text), expected) << bits;
    if (expected) {
      ASSERT_EQ(validator.IsComplete(), complete) << bits;
    }
  }
}

// Long enough for vector instructions, which see 16 bytes at once.
TEST(Utf8Validator, FindsEveryFaultAtEveryPlaceOfALongText) {
  for (const uint32_t character :
       {0x61u, 0xE9u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0x10000u, 0x10FFFFu}) {
    for (size_t shift = 0; shift < 4; shift++) {
      std::string text = Encode(0xFC) + std::string(shift, 'a');
      while (text.size() < 56) text += Encode(character);
      for (size_t at = 0; at < text.size(); at++) {
        const char original = text[at];
        for (int value = 0; value < 256; value++) {
          text[at] = static_cast<char>(value);
          bool complete;
          const bool expected = ReferenceUtf8(text, &complete);
          Utf8Validator validator;
          ASSERT_EQ(Push(validator, text), expected) << character << " " << at << " " << value;
          if (expected) {
            ASSERT_EQ(validator.IsComplete(), complete);
          }
        }
        text[at] = original;
      }
    }
  }
}

TEST(Utf8Validator, GivesTheSameAnswerHoweverTheTextIsSplit) {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; round++) {
    std::string text;
    for (size_t i = random() % 60; i > 0; i--) {
      text += random() % 3 == 0 ? Encode(static_cast<uint32_t>(random() % 0xD800))
                                : std::string(random() % 20, 'a');
    }
    if (random() % 2 == 0 && !text.empty())
      text[random() % text.size()] ^= static_cast<char>(random());
    bool complete;
    const bool expected = ReferenceUtf8(text, &complete);
    Utf8Validator validator;
    bool valid = true;
    for (size_t at = 0; at < text.size() && valid;) {
      const size_t count = std::min<size_t>(random() % 60 + 1, text.size() - at);
      valid = Push(validator, text.substr(at, count));
      at += count;
    }
    ASSERT_EQ(valid, expected) << "round " << round;
    if (valid) {
      ASSERT_EQ(validator.IsComplete(), complete);
    }
  }
}

}  // namespace
}  // namespace wsuv::test
