#include "transport/block_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "transport/write_queue.h"

namespace wsuv::test {
namespace {

ByteView View(const std::string& text) { return ByteView(text); }

TEST(BlockPool, GivesMemoryOfEverySizeAgain) {
  BlockPool pool;
  for (const size_t size : {1, 16000, 20000, 40000, 100000, 200000, 500000, 1000000}) {
    WriteBlock* block = pool.Take(size);
    ASSERT_NE(block, nullptr);
    EXPECT_GE(block->capacity, size);
    pool.Give(block);
    EXPECT_EQ(pool.Take(size), block) << size;
    pool.Give(block);
  }
}

TEST(BlockPool, KnowsHowMuchMemoryItHas) {
  BlockPool pool;
  EXPECT_EQ(pool.memory(), 0U);
  WriteBlock* kept = pool.Take(1);
  EXPECT_EQ(pool.memory(), 16384U);
  // From the allocator; of several pages; and a reference beside what it refers to.
  for (WriteBlock* block : {pool.TakeExact(100), pool.Take(2'000'000),
                            pool.TakeFrame(View("header"), View(std::string(20'000, 'x')))}) {
    const size_t before = pool.memory();
    EXPECT_GE(before, 16384U + 100);
    pool.Give(block);
    EXPECT_LT(pool.memory(), before);
  }
  pool.Give(kept);
  while (pool.Trim()) {
  }
  EXPECT_EQ(pool.memory(), 0U);
}

TEST(BlockPool, KeepsNoMoreThanItsLimit) {
  BlockPool pool;
  std::vector<WriteBlock*> blocks;
  for (int i = 0; i < 60; i++) blocks.push_back(pool.Take(1000000));
  for (WriteBlock* block : blocks) pool.Give(block);
  EXPECT_LE(pool.kept(), BlockPool::kMaxKept);
  EXPECT_GT(pool.kept(), BlockPool::kMaxKept / 2);
}

TEST(BlockPool, GivesBackWhatWasNotNeededForAnInterval) {
  BlockPool pool;
  WriteBlock* first = pool.Take(100);
  WriteBlock* second = pool.Take(100);
  pool.Give(first);
  pool.Give(second);
  EXPECT_TRUE(pool.Trim());
  // One of the two is needed from time to time.
  pool.Give(pool.Take(100));
  const size_t kept = pool.kept();
  EXPECT_TRUE(pool.Trim());
  EXPECT_EQ(pool.kept(), kept / 2);
  EXPECT_FALSE(pool.Trim());
  EXPECT_EQ(pool.kept(), 0u);
}

TEST(BlockPool, HoldsTheFrameOfABroadcastOnce) {
  BlockPool pool;
  const std::string header = "\x82\x7e";
  const std::string payload(50000, 'x');
  WriteBlock* first = pool.TakeFrame(View(header), View(payload));
  WriteBlock* second = pool.TakeFrame(View(header), View(payload));
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->data(), second->data());
  EXPECT_EQ(std::string(reinterpret_cast<char*>(first->data()), first->end), header + payload);
  // Another header, another payload, another length: each is another frame.
  for (const auto& [other_header, other_payload] :
       {std::pair<std::string, std::string>{"\x81\x7e", payload},
        {header, payload.substr(1) + "y"},
        {header, payload + "x"}}) {
    WriteBlock* other = pool.TakeFrame(View(other_header), View(other_payload));
    EXPECT_NE(other->data(), first->data());
    EXPECT_EQ(std::string(reinterpret_cast<char*>(other->data()), other->end),
              other_header + other_payload);
    pool.Give(other);
  }
  pool.Give(first);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(second->data()), second->end), header + payload);
  pool.Give(second);
}

TEST(BlockPool, AFrameIsWrittenFromWhereEachQueueIs) {
  BlockPool pool;
  const std::string payload(30000, 'p');
  WriteQueue slow;
  WriteQueue fast;
  slow.Add(pool.TakeFrame(View("hh"), View(payload)), 0);
  fast.Add(pool.TakeFrame(View("hh"), View(payload)), 10);
  EXPECT_EQ(fast.size(), 29992u);
  fast.Consume(29992, pool);
  EXPECT_TRUE(fast.empty());
  slow.Settle(pool);
  EXPECT_EQ(slow.size(), 30002u);
  slow.Consume(30002, pool);
  EXPECT_TRUE(slow.empty());
  while (pool.Trim()) {
  }
  EXPECT_EQ(pool.kept(), 0u);
}

}  // namespace
}  // namespace wsuv::test
