#include "transport/write_queue.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace wsuv::test {
namespace {

std::string Contents(const WriteQueue& queue) {
  std::string bytes;
  for (const uv_buf_t& buffer : queue.GatherAll()) bytes.append(buffer.base, buffer.len);
  return bytes;
}

TEST(WriteQueue, KeepsBytesInOrderHoweverTheyComeAndGo) {
  std::mt19937 random(5);
  BlockPool pool;
  WriteQueue queue;
  std::string expected;
  for (int step = 0; step < 3000; step++) {
    if (random() % 2 == 0) {
      const std::string bytes(random() % (random() % 10 == 0 ? 20000 : 300),
                              static_cast<char>(random()));
      if (random() % 2 == 0) {
        queue.Append(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), pool);
      } else if (!bytes.empty()) {
        std::memcpy(queue.Extend(bytes.size(), pool), bytes.data(), bytes.size());
      }
      expected += bytes;
    } else {
      const size_t count = expected.empty() ? 0 : random() % (expected.size() + 1);
      queue.Consume(count, pool);
      expected.erase(0, count);
      if (random() % 4 == 0) queue.Settle(pool);
    }
    ASSERT_EQ(queue.size(), expected.size());
    ASSERT_EQ(Contents(queue), expected);
    ASSERT_EQ(queue.empty(), expected.empty());
  }
  pool.Give(queue.TakeAll());
}

// A connection that waits holds no more memory than its bytes need; and others find staging again.
TEST(WriteQueue, LeavesStagingBlocksToOthers) {
  BlockPool pool;
  const std::string bytes(20000, 'x');
  const auto append = [&](WriteQueue& queue) {
    queue.Append(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), pool);
  };
  WriteQueue waiting[BlockPool::kMaxStaging];
  for (WriteQueue& queue : waiting) append(queue);
  WriteQueue late;
  append(late);
  append(late);
  EXPECT_EQ(late.GatherAll().size(), 2u) << "there was no staging block left";
  waiting[0].Settle(pool);
  EXPECT_EQ(Contents(waiting[0]), bytes);
  WriteQueue next;
  append(next);
  append(next);
  EXPECT_EQ(next.GatherAll().size(), 1u) << "one was given back";
  WriteBlock* block = waiting[0].TakeAll();
  EXPECT_EQ(block->capacity, bytes.size());
  pool.Give(block);
  for (WriteQueue& queue : waiting) pool.Give(queue.TakeAll());
  pool.Give(late.TakeAll());
  pool.Give(next.TakeAll());
}

TEST(WriteQueue, HoldsLittleWhereLittleWaits) {
  BlockPool pool;
  const auto capacity_after_settling = [&pool](size_t size) {
    WriteQueue queue;
    const std::string bytes(size, 'x');
    queue.Append(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), pool);
    queue.Settle(pool);
    EXPECT_EQ(Contents(queue), bytes);
    WriteBlock* block = queue.TakeAll();
    const size_t capacity = block->capacity;
    pool.Give(block);
    return capacity;
  };
  EXPECT_EQ(capacity_after_settling(20), 20u);
  const size_t half = BlockPool::kBlockCapacity / 2;
  EXPECT_EQ(capacity_after_settling(half), BlockPool::kBlockCapacity);
  // Not worth copying: it is no larger than it need be.
  const size_t large = BlockPool::kStagingCapacity + 1;
  EXPECT_EQ(capacity_after_settling(large), large);
}

TEST(WriteQueue, GathersNoMoreBuffersThanAsked) {
  BlockPool pool;
  WriteQueue queue;
  const std::string bytes(BlockPool::kBlockCapacity, 'x');
  for (int i = 0; i < 5; i++)
    queue.Append(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), pool);
  uv_buf_t buffers[3];
  EXPECT_EQ(queue.Gather(buffers, 3), 3u);
  pool.Give(queue.TakeAll());
}

}  // namespace
}  // namespace wsuv::test
