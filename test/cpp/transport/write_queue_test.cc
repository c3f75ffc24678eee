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

TEST(WriteQueue, HoldsLittleWhereLittleWaits) {
  BlockPool pool;
  const auto memory_after_settling = [&pool](size_t size) {
    WriteQueue queue;
    const std::string bytes(size, 'x');
    queue.Append(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), pool);
    queue.Settle(pool);
    EXPECT_EQ(Contents(queue), bytes);
    WriteBlock* block = queue.TakeAll();
    const size_t memory = block->memory;
    pool.Give(block);
    return memory;
  };
  EXPECT_EQ(memory_after_settling(20), 20 + sizeof(WriteBlock));
  for (const size_t size : {1000, 9000, 20000, 70000, 300000, 1100000, 5000000}) {
    EXPECT_LE(memory_after_settling(size), 2 * (size + sizeof(WriteBlock)) + 4096) << size;
  }
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
