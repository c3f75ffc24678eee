#include "binding/context.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/binding_test.h"
#include "support/context_model.h"

namespace wsuv::test {
namespace {

// test/fuzz/context_fuzz.cc looks for the scripts that matter; these are any.
TEST(Context, DeliversWhatPeersSayWhateverHandlersDo) {
  std::mt19937 random(20240229);
  size_t records = 0;
  size_t actions = 0;
  for (int i = 0; i < 150; i++) {
    std::vector<uint8_t> script(200 + random() % 1000);
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    ContextModel model(script.data(), script.size());
    ASSERT_EQ(model.Run(), "") << "script " << i;
    records += model.records();
    actions += model.actions();
  }
  EXPECT_GT(records, 10000u);
  EXPECT_GT(actions, 10000u);
}

TEST(Environment, TellsJavaScriptHowMuchMemoryThereIs) {
  uv_loop_t uv;
  uv_loop_init(&uv);
  FakeNode node(&uv);
  Environment* const environment = Environment::Create(node.env());
  BlockPool& pool = environment->loop()->pool();
  WriteBlock* const block = pool.Take(2'000'000);
  EXPECT_TRUE(environment->Trim());
  EXPECT_EQ(node.external_memory, static_cast<int64_t>(pool.memory()));
  EXPECT_GE(node.external_memory, 2'000'000);
  pool.Give(block);
  EXPECT_FALSE(environment->Trim());
  EXPECT_EQ(node.external_memory, 0);

  WriteBlock* const last = pool.Take(1);
  environment->Trim();
  pool.Give(last);
  bool is_done = false;
  node.End([&is_done] { is_done = true; });
  EXPECT_EQ(node.external_memory, 0);
  while (!is_done) uv_run(&uv, UV_RUN_NOWAIT);
  EXPECT_EQ(uv_loop_close(&uv), 0);
}

class ContextTest : public BindingTest {
 protected:
  // More than lib/ copies itself, so that there has to be memory for it.
  const std::string kMessage = MakeFrame(Opcode::kText, std::string(100, 'x'));
  static constexpr auto kOutOfMemory = static_cast<uint32_t>(ErrorCode::kOutOfMemory);
};

TEST_F(ContextTest, NothingFollowsOnWhatThereWasNoMemoryFor) {
  ExternalConnection* one = Connect();
  ExternalConnection* other = Connect();
  Feed(one, kMessage);
  Feed(other, kMessage);
  Feed(one, kMessage);
  Feed(other, kMessage);
  node_.allocations_until_failure = 0;
  Deliver();
  Feed(one, kMessage);
  Feed(other, kMessage);
  Deliver();
  EXPECT_EQ(records_, (std::vector<Record>{{one->id(), EventKind::kProtocolError, kOutOfMemory},
                                           {other->id(), EventKind::kText, kFlagAscii},
                                           {other->id(), EventKind::kText, kFlagAscii},
                                           {other->id(), EventKind::kText, kFlagAscii}}));
}

// The same of what waits since the connection is paused.
TEST_F(ContextTest, NothingThatWaitsFollowsOnWhatThereWasNoMemoryFor) {
  ExternalConnection* one = Connect();
  ExternalConnection* other = Connect();
  Feed(one, kMessage);
  Feed(other, kMessage);
  Feed(one, kMessage);
  one->Pause();
  // For the memory in which the first one waits, and for the other connection's.
  node_.allocations_until_failure = 2;
  Deliver();
  EXPECT_EQ(node_.failures, 1u);
  one->Resume();
  context_->Resumed(one);
  Deliver();
  EXPECT_EQ(records_, (std::vector<Record>{{other->id(), EventKind::kText, kFlagAscii},
                                           {one->id(), EventKind::kProtocolError, kOutOfMemory}}));
}

// A connection that has ended is freed when that was delivered; what there was no memory for behind
// its end goes with it. AddressSanitizer sees where it does not.
TEST_F(ContextTest, WhatThereWasNoMemoryForGoesWithItsConnection) {
  ExternalConnection* connection = Connect();
  const uint32_t handle = connection->id();
  connection->FeedClosed();
  const std::string large(100'000, 'x');
  Message message;
  message.data = ByteView(std::string_view(large));
  const size_t scope = node_.OpenScope();
  node_.allocations_until_failure = 0;
  context_->OnMessage(*connection, message);
  node_.CloseScope(scope);
  EXPECT_EQ(node_.failures, 1u);
  Deliver();
  Deliver();
  EXPECT_EQ(records_, (std::vector<Record>{{handle, EventKind::kClosed, 0}}));
}

}  // namespace
}  // namespace wsuv::test
