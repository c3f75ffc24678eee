#include "protocol/message_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace wsuv::test {
namespace {

// Memory of its own.
class Memory final : public MessageMemory {
 public:
  explicit Memory(size_t size) : MessageMemory(new uint8_t[size], size) {}
  ~Memory() override { delete[] data(); }
};

void Add(MessageBuffer& buffer, const std::string& text) {
  ASSERT_TRUE(buffer.Reserve(text.size(), UINT64_MAX));
  std::memcpy(buffer.data() + buffer.size(), text.data(), text.size());
  buffer.Commit(text.size());
}

std::string TextOf(MessageBuffer& buffer) {
  return std::string(reinterpret_cast<char*>(buffer.data()), buffer.size());
}

TEST(MessageBuffer, GrowsByDoublingButNotPastItsCeiling) {
  MessageBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0u);
  ASSERT_TRUE(buffer.Reserve(1, 10'000));
  const size_t first = buffer.capacity();
  EXPECT_GT(first, 1u);
  buffer.Commit(first);
  ASSERT_TRUE(buffer.Reserve(1, 10'000));
  EXPECT_EQ(buffer.capacity(), 2 * first);
  buffer.Commit(first);
  ASSERT_TRUE(buffer.Reserve(1, 2 * first + 10));
  EXPECT_EQ(buffer.capacity(), 2 * first + 10);
  // What is needed is there all the same.
  ASSERT_TRUE(buffer.Reserve(100, 1));
  EXPECT_EQ(buffer.capacity(), 2 * first + 100);
}

TEST(MessageBuffer, RefusesWhatNoMemoryCanHold) {
  MessageBuffer buffer;
  Add(buffer, "kept");
  EXPECT_FALSE(buffer.Reserve(SIZE_MAX, UINT64_MAX));
  EXPECT_EQ(TextOf(buffer), "kept");
}

TEST(MessageBuffer, MovesIntoMemoryThatOutlivesIt) {
  MessageBuffer buffer;
  Add(buffer, "hello");
  // AddressSanitizer sees whether what was there before is freed.
  buffer.MoveTo(std::make_unique<Memory>(8));
  EXPECT_EQ(TextOf(buffer), "hello");
  EXPECT_EQ(buffer.capacity(), 8u);
  EXPECT_TRUE(buffer.Reserve(3, UINT64_MAX));
  EXPECT_FALSE(buffer.Reserve(4, UINT64_MAX));
  buffer.MoveTo(std::make_unique<Memory>(16));
  const std::unique_ptr<MessageMemory> memory = buffer.TakeMemory();
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(std::memcmp(memory->data(), "hello", 5), 0);
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.TakeMemory(), nullptr);
  Add(buffer, "again");
  EXPECT_EQ(TextOf(buffer), "again");
}

TEST(MessageBuffer, IsEmptyWhenItWasMoved) {
  MessageBuffer one;
  Add(one, "one");
  MessageBuffer two(std::move(one));
  EXPECT_EQ(TextOf(two), "one");
  MessageBuffer three;
  Add(three, "three");
  three = std::move(two);
  EXPECT_EQ(TextOf(three), "one");
  // NOLINTNEXTLINE(bugprone-use-after-move): that is what is tested.
  EXPECT_EQ(two.size(), 0u);
  EXPECT_EQ(two.capacity(), 0u);
}

}  // namespace
}  // namespace wsuv::test
