#include "protocol/mask.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace wsuv::test {
namespace {

TEST(MaskingKey, EqualsAPlainLoopAtEveryOffsetLengthAndSplit) {
  std::mt19937 random(7);
  std::vector<uint8_t> source(200);
  for (uint8_t& byte : source) byte = static_cast<uint8_t>(random());
  for (int round = 0; round < 2000; round++) {
    uint8_t key[4];
    for (uint8_t& byte : key) byte = static_cast<uint8_t>(random());
    if (round % 10 == 0) key[0] = key[1] = key[2] = key[3] = 0;
    const size_t start = random() % 17;
    const size_t size = random() % 100;
    const size_t split = size == 0 ? 0 : random() % (size + 1);
    std::vector<uint8_t> target(size);
    MaskingKey mask(key);
    mask.Apply(target.data(), source.data() + start, split);
    mask.Apply(target.data() + split, source.data() + start + split, size - split);
    for (size_t i = 0; i < size; i++) ASSERT_EQ(target[i], source[start + i] ^ key[i % 4]);
    // In place, it undoes itself.
    MaskingKey(key).Apply(target.data(), target.data(), size);
    for (size_t i = 0; i < size; i++) ASSERT_EQ(target[i], source[start + i]);
  }
}

}  // namespace
}  // namespace wsuv::test
