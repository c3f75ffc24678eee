#include "transport/work_queue.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace wsuv::test {
namespace {

// What is done, in order; and a gate that threads of the pool wait at.
struct Log {
  std::vector<std::string> lines;
  std::mutex mutex;
  std::condition_variable changed;
  bool is_open = true;
  size_t begun = 0;
  bool may_begin = true;

  void Open() {
    const std::lock_guard<std::mutex> lock(mutex);
    is_open = true;
    changed.notify_all();
  }
};

class TestWork final : public Work {
 public:
  TestWork(Log* log, std::string name, Turn turn = Turn::kRun)
      : log_(log), name_(std::move(name)), turn_(turn) {}
  ~TestWork() override { log_->lines.push_back(name_ + " gone"); }

  Turn Begin() override { return turn_ == Turn::kWait && log_->may_begin ? Turn::kRun : turn_; }
  void Run() override {
    std::unique_lock<std::mutex> lock(log_->mutex);
    log_->begun++;
    log_->changed.notify_all();
    log_->changed.wait(lock, [this] { return log_->is_open; });
  }
  void Finish() override { log_->lines.push_back(name_); }

 private:
  Log* log_;
  std::string name_;
  Turn turn_;
};

class WorkQueueTest : public ::testing::Test {
 protected:
  void SetUp() override { uv_loop_init(&uv_); }
  void TearDown() override {
    uv_run(&uv_, UV_RUN_DEFAULT);
    EXPECT_EQ(queue_.running(), 0u);
    EXPECT_EQ(uv_loop_close(&uv_), 0);
  }

  void Submit(const std::string& name, bool is_urgent = false, Work::Turn turn = Work::Turn::kRun) {
    queue_.Submit(std::make_unique<TestWork>(&log_, name, turn), is_urgent);
  }

  // Without the lines that say that something is gone.
  std::vector<std::string> Finished() const {
    std::vector<std::string> finished;
    for (const std::string& line : log_.lines) {
      if (line.find(' ') == std::string::npos) finished.push_back(line);
    }
    return finished;
  }

  uv_loop_t uv_;
  Log log_;
  WorkQueue queue_{&uv_};
};

using Names = std::vector<std::string>;

TEST_F(WorkQueueTest, RunsWorkInOrderAndLetsGoOfIt) {
  queue_.set_limit(1);
  for (const char* name : {"a", "b", "c"}) Submit(name);
  EXPECT_EQ(queue_.running(), 1u);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(log_.lines, (Names{"a", "a gone", "b", "b gone", "c", "c gone"}));
}

TEST_F(WorkQueueTest, RunsNoMoreThanItsLimitAtOnce) {
  queue_.set_limit(2);
  log_.is_open = false;
  for (const char* name : {"a", "b", "c", "d"}) Submit(name);
  EXPECT_EQ(queue_.running(), 2u);
  log_.Open();
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(Finished().size(), 4u);
}

TEST_F(WorkQueueTest, WhatIsUrgentComesBeforeTheOthers) {
  queue_.set_limit(1);
  Submit("first");
  Submit("later");
  Submit("urgent", true);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(Finished(), (Names{"first", "urgent", "later"}));
}

TEST_F(WorkQueueTest, DropsWhatNobodyWantsAnyMore) {
  queue_.set_limit(1);
  Submit("unwanted", false, Work::Turn::kDrop);
  Submit("wanted");
  EXPECT_EQ(log_.lines, Names{"unwanted gone"});
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(Finished(), Names{"wanted"});
}

TEST_F(WorkQueueTest, AsksAgainWhenOtherWorkIsDone) {
  log_.may_begin = false;
  log_.is_open = false;
  Submit("lender");
  Submit("waiting", false, Work::Turn::kWait);
  Submit("behind");
  // Work keeps its order: what is behind waits as well.
  EXPECT_EQ(queue_.running(), 1u);
  log_.may_begin = true;
  log_.Open();
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(Finished().size(), 3u);
  EXPECT_EQ(Finished()[0], "lender");
}

TEST_F(WorkQueueTest, ShuttingDownTakesBackWhatWaitsForAThread) {
  log_.is_open = false;
  // More than libuv's pool has threads.
  for (int i = 0; i < 8; i++) Submit("work");
  EXPECT_EQ(queue_.running(), 8u);
  {
    std::unique_lock<std::mutex> lock(log_.mutex);
    log_.changed.wait(lock, [this] { return log_.begun == 4; });
  }
  bool is_idle = false;
  queue_.Shutdown([&is_idle] { is_idle = true; });
  log_.Open();
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_TRUE(is_idle);
  EXPECT_EQ(log_.begun, 4u);
  EXPECT_EQ(log_.lines.size(), 8u);
}

TEST_F(WorkQueueTest, ShuttingDownWaitsForWhatRunsAndDropsTheRest) {
  queue_.set_limit(2);
  log_.is_open = false;
  for (const char* name : {"a", "b", "c"}) Submit(name);
  Submit("d", true);
  int idle = 0;
  queue_.Shutdown([this, &idle] {
    idle++;
    EXPECT_EQ(queue_.running(), 0u);
    // The work is gone by then, with what it refers to.
    EXPECT_EQ(log_.lines.size(), 5u);
  });
  EXPECT_EQ(log_.lines, (Names{"d gone", "c gone"}));
  // Nothing is taken on any more.
  Submit("late");
  EXPECT_EQ(log_.lines.back(), "late gone");
  EXPECT_EQ(queue_.running(), 2u);
  log_.Open();
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(idle, 1);
  EXPECT_EQ(Finished(), Names{});
}

}  // namespace
}  // namespace wsuv::test
