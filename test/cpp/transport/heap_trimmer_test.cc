#include "transport/heap_trimmer.h"

#include <gtest/gtest.h>

namespace wsuv::test {
namespace {

class HeapTrimmerTest : public ::testing::Test {
 protected:
  HeapTrimmerTest() { uv_loop_init(&loop_); }
  ~HeapTrimmerTest() override {
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }

  uv_loop_t loop_;
  HeapTrimmer trimmer_{&loop_};
};

TEST_F(HeapTrimmerTest, TrimsOnceWhenABurstIsOver) {
  EXPECT_TRUE(trimmer_.Observe(1000));
  EXPECT_EQ(trimmer_.count(), 0u);
  EXPECT_TRUE(trimmer_.Observe(1010));
  EXPECT_EQ(trimmer_.count(), 0u);
  EXPECT_FALSE(trimmer_.Observe(1015));
  EXPECT_EQ(trimmer_.count(), 1u);
  EXPECT_EQ(trimmer_.running(), 1u);
  uv_run(&loop_, UV_RUN_DEFAULT);
  EXPECT_EQ(trimmer_.running(), 0u);
  EXPECT_FALSE(trimmer_.Observe(1020));
  EXPECT_FALSE(trimmer_.Observe(1020));
  EXPECT_FALSE(trimmer_.Observe(1020));
  EXPECT_EQ(trimmer_.count(), 1u);
}

TEST_F(HeapTrimmerTest, LeavesALoopAloneThatStaysBusy) {
  uint64_t reads = 0;
  for (const int more : {1000, 800, 100, 400, 100, 200, 900, 130}) {
    reads += static_cast<uint64_t>(more);
    EXPECT_TRUE(trimmer_.Observe(reads));
  }
  EXPECT_EQ(trimmer_.count(), 0u);
}

TEST_F(HeapTrimmerTest, LeavesALoopAloneThatIsHardlyUsed) {
  EXPECT_FALSE(trimmer_.Observe(255));
  EXPECT_FALSE(trimmer_.Observe(255));
  EXPECT_FALSE(trimmer_.Observe(500));
  EXPECT_EQ(trimmer_.count(), 0u);
}

TEST_F(HeapTrimmerTest, TrimsAfterEachBurst) {
  for (const uint64_t reads : {uint64_t{256}, uint64_t{600}}) {
    EXPECT_TRUE(trimmer_.Observe(reads));
    EXPECT_TRUE(trimmer_.Observe(reads));
    EXPECT_FALSE(trimmer_.Observe(reads));
  }
  EXPECT_EQ(trimmer_.count(), 2u);
}

TEST_F(HeapTrimmerTest, IsWaitedForAtTheEnd) {
  bool is_idle = false;
  EXPECT_TRUE(trimmer_.Observe(1000));
  EXPECT_TRUE(trimmer_.Observe(1000));
  EXPECT_FALSE(trimmer_.Observe(1000));
  trimmer_.Shutdown([&is_idle] { is_idle = true; });
  EXPECT_FALSE(is_idle);
  uv_run(&loop_, UV_RUN_DEFAULT);
  EXPECT_TRUE(is_idle);
}

}  // namespace
}  // namespace wsuv::test
