#include "transport/external_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "support/echo_server.h"

namespace wsuv::test {
namespace {

class ExternalConnectionTest : public EchoServerTest {
 protected:
  void SetUp() override {
    EchoServerTest::SetUp();
    connection_ = ExternalConnection::Make(loop_.get(), &handler_, settings_, Role::kServer);
    handler_.last = connection_;
  }

  void Feed(const std::string& bytes) {
    std::string copy = bytes;
    connection_->Feed(reinterpret_cast<uint8_t*>(copy.data()), copy.size());
  }

  std::string TakeOutput() {
    std::string output;
    WriteBlock* const chain = connection_->TakeOutput();
    for (WriteBlock* block = chain; block != nullptr; block = block->next) {
      output.append(reinterpret_cast<char*>(block->data()) + block->begin,
                    block->end - block->begin);
    }
    loop_->pool().Give(chain);
    return output;
  }

  size_t Count(const std::string& event) const {
    return static_cast<size_t>(std::count(handler_.events.begin(), handler_.events.end(), event));
  }

  void Turn() {
    uv_async_t waker;  // Something to poll for.
    uv_async_init(&uv_, &waker, [](uv_async_t*) {});
    uv_run(&uv_, UV_RUN_NOWAIT);
    uv_close(reinterpret_cast<uv_handle_t*>(&waker), nullptr);
    uv_run(&uv_, UV_RUN_NOWAIT);
  }

  ExternalConnection* connection_ = nullptr;
};

TEST_F(ExternalConnectionTest, AnswersWhatItIsFed) {
  const std::string frame = MakeFrame(Opcode::kText, "hello");
  Feed(frame.substr(0, 4));
  EXPECT_EQ(connection_->OutputSize(), 0u);
  Feed(frame.substr(4));
  EXPECT_EQ(connection_->OutputSize(), 7u);
  EXPECT_EQ(TakeOutput(), Unmasked(Opcode::kText, "hello"));
  EXPECT_EQ(connection_->OutputSize(), 0u);
  EXPECT_EQ(connection_->written(), connection_->enqueued());
}

TEST_F(ExternalConnectionTest, TellsOfItsOutputOnceATurn) {
  // Whoever calls takes it himself.
  connection_->SendFrame(FrameHeader(), ByteView("one"));
  connection_->SendFrame(FrameHeader(), ByteView("two"));
  connection_->Flush();
  EXPECT_EQ(Count("output"), 0u);
  Turn();
  EXPECT_EQ(Count("output"), 1u);
  EXPECT_EQ(TakeOutput(), Unmasked(Opcode::kBinary, "one") + Unmasked(Opcode::kBinary, "two"));
  Turn();
  EXPECT_EQ(Count("output"), 1u);
}

TEST_F(ExternalConnectionTest, EndsTheStreamBehindItsOutput) {
  connection_->Close(1000, {});
  Feed(MakeFrame(Opcode::kClose, "\x03\xe8"));
  EXPECT_FALSE(connection_->TakeEnd());
  EXPECT_EQ(TakeOutput(), Unmasked(Opcode::kClose, "\x03\xe8"));
  EXPECT_TRUE(connection_->TakeEnd());
  EXPECT_FALSE(connection_->TakeEnd());
  connection_->FeedEnd();
  // The stream closes by itself.
  EXPECT_TRUE(Happened("end"));
  EXPECT_FALSE(connection_->wants_destroy());
  EXPECT_FALSE(Happened("closed"));
  connection_->FeedClosed();
  EXPECT_TRUE(Happened("closed"));
}

TEST_F(ExternalConnectionTest, WantsTheStreamDestroyedAndSendsNothingMore) {
  connection_->SendFrame(FrameHeader(), ByteView("last words"));
  connection_->Terminate();
  EXPECT_TRUE(connection_->wants_destroy());
  EXPECT_EQ(Count("output"), 1u);
  connection_->SendFrame(FrameHeader(), ByteView("dropped"));
  EXPECT_EQ(TakeOutput(), Unmasked(Opcode::kBinary, "last words"));
  EXPECT_EQ(connection_->stage(), Connection::Stage::kWebSocket);
  connection_->FeedClosed();
  EXPECT_TRUE(Happened("closed"));
}

TEST_F(ExternalConnectionTest, IsDroppedWhereTheClosingHandshakeTakesTooLong) {
  connection_->Close(1000, {});
  RunUntil([this] { return connection_->wants_destroy(); });
  connection_->FeedClosed();
  EXPECT_EQ(handler_.closed_status, 0);
}

TEST_F(ExternalConnectionTest, SaysWhenItMayBeFedAgain) {
  handler_.spends_budget = true;
  std::string many;
  for (int i = 0; i < 300; i++) many += MakeFrame(Opcode::kText, "x");
  Feed(many);
  EXPECT_TRUE(connection_->is_holding());
  EXPECT_EQ(Count("output"), 0u);
  // What comes meanwhile waits behind it, and so does the end.
  Feed(MakeFrame(Opcode::kText, "y"));
  connection_->FeedEnd();
  EXPECT_FALSE(Happened("end"));
  RunUntil([this] { return Happened("end"); });
  EXPECT_FALSE(connection_->is_holding());
  const std::string output = TakeOutput();
  EXPECT_EQ(output.size(), 301u * 3);
  EXPECT_EQ(output.substr(output.size() - 3), Unmasked(Opcode::kText, "y"));
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, IsFedAgainWhenItHasWorkedOffItsInput) {
  handler_.spends_budget = true;
  std::string many;
  for (int i = 0; i < 300; i++) many += MakeFrame(Opcode::kText, "x");
  Feed(many);
  TakeOutput();
  handler_.events.clear();
  RunUntil([this] { return !connection_->is_holding(); });
  EXPECT_GE(Count("output"), 1u);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, ReportsWhatCameBeforeTheStreamClosed) {
  connection_->Pause();
  Feed(MakeFrame(Opcode::kText, "kept"));
  int messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  connection_->FeedClosed();
  EXPECT_EQ(messages, 1);
  EXPECT_TRUE(Happened("closed"));
}

TEST_F(ExternalConnectionTest, IsOfNeitherPortNorSocket) {
  EXPECT_EQ(connection_->AsSocket(), nullptr);
  EXPECT_EQ(connection_->AsExternal(), connection_);
  EXPECT_TRUE(connection_->reports_to_caller());
  EXPECT_EQ(connection_->listener(), nullptr);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, GoesWithItsLoop) {
  // TearDown() sees that nothing is left.
  Feed(MakeFrame(Opcode::kText, "half").substr(0, 7));
  connection_->SendFrame(FrameHeader(), ByteView("never taken"));
}

}  // namespace
}  // namespace wsuv::test
