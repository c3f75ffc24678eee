#include "binding/lent_memory.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace wsuv::test {
namespace {

using Lent = std::vector<std::shared_ptr<SharedMemory>>;

// All that can be lent at once.
Lent LendAll(LentMemory* memory) {
  Lent lent;
  while (std::shared_ptr<SharedMemory> one = memory->Lend(nullptr)) lent.push_back(std::move(one));
  return lent;
}

TEST(LentMemory, LendsWhatIsBackAgain) {
  LentMemory memory;
  std::shared_ptr<SharedMemory> first = memory.Lend(nullptr);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->size(), LentMemory::kSize);
  const std::shared_ptr<SharedMemory> second = memory.Lend(nullptr);
  EXPECT_NE(first->data(), second->data());
  const uint8_t* const place = first->data();
  first.reset();
  EXPECT_EQ(memory.Lend(nullptr)->data(), place);
}

TEST(LentMemory, LendsOnlySoMuchAtOnce) {
  LentMemory memory;
  Lent lent = LendAll(&memory);
  EXPECT_EQ(lent.size(), 16u);
  std::set<const uint8_t*> places;
  for (const auto& one : lent) places.insert(one->data());
  EXPECT_EQ(places.size(), lent.size());
  lent.pop_back();
  EXPECT_NE(memory.Lend(nullptr), nullptr);
}

TEST(LentMemory, KeepsNothingThatIsNotUsed) {
  LentMemory memory;
  Lent lent = LendAll(&memory);
  EXPECT_TRUE(memory.Trim());  // It was used since the last time.
  EXPECT_TRUE(memory.Trim());  // All of it is lent.
  lent.resize(1);
  EXPECT_TRUE(memory.Trim());
  lent.clear();
  EXPECT_FALSE(memory.Trim());
}

TEST(LentMemory, KeepsWhatWasUsedSinceItWasTrimmedLast) {
  LentMemory memory;
  memory.Lend(nullptr);
  EXPECT_TRUE(memory.Trim());
  EXPECT_FALSE(memory.Trim());
}

TEST(LentMemory, WhatIsLentOutlivesIt) {
  LentMemory memory;
  const std::shared_ptr<SharedMemory> lent = memory.Lend(nullptr);
  memory.Clear();
  lent->data()[LentMemory::kSize - 1] = 1;
  EXPECT_EQ(lent.use_count(), 1);
}

}  // namespace
}  // namespace wsuv::test
