#include "transport/external_connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/echo_server.h"
#include "transport/compression.h"

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

  // A message that the thread pool inflates.
  void FeedLarge() {
    InflateInThreads(*connection_);
    handler_.NoteSizes();
    Feed(CompressedFrame(std::string(300'000, 'a')));
    ASSERT_TRUE(connection_->inflating());
  }

  std::vector<std::string> EventsButOutput() const {
    std::vector<std::string> events = handler_.events;
    events.erase(std::remove(events.begin(), events.end(), "output"), events.end());
    return events;
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

TEST_F(ExternalConnectionTest, IsFedAgainThoughNothingWasAnswered) {
  handler_.spends_budget = true;
  handler_.on_message = [](Connection&) {};
  std::string many;
  for (int i = 0; i < 300; i++) many += MakeFrame(Opcode::kText, "x");
  Feed(many);
  EXPECT_EQ(Count("output"), 0u);
  RunUntil([this] { return !connection_->is_holding(); });
  EXPECT_GE(Count("output"), 1u);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, KeepsTheOrderOfWhatIsInflated) {
  BusyThreads busy(&uv_);
  FeedLarge();
  EXPECT_TRUE(connection_->is_holding());
  Feed(MakeFrame(Opcode::kText, "behind"));
  connection_->FeedEnd();
  // It waits for the thread pool, and not for a turn.
  EXPECT_FALSE(connection_->marked_held());
  EXPECT_EQ(loop_->budget().held(), 0u);
  connection_->Pause();
  connection_->Resume();
  EXPECT_FALSE(connection_->marked_held());
  EXPECT_EQ(EventsButOutput(), std::vector<std::string>{});
  busy.Release();
  RunUntil([this] { return Happened("end"); });
  EXPECT_EQ(EventsButOutput(),
            (std::vector<std::string>{"message of 300000", "message of 6", "end"}));
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, HearsOfTheEndBehindWhatIsInflated) {
  BusyThreads busy(&uv_);
  FeedLarge();
  connection_->FeedEnd();
  EXPECT_EQ(EventsButOutput(), std::vector<std::string>{});
  busy.Release();
  RunUntil([this] { return Happened("end"); });
  EXPECT_EQ(EventsButOutput(), (std::vector<std::string>{"message of 300000", "end"}));
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, KeepsWhatCameWithWhatIsInflated) {
  BusyThreads busy(&uv_);
  FeedLarge();
  busy.Release();
  RunUntil([this] { return !connection_->inflating(); });
  BusyThreads again(&uv_);
  Feed(CompressedFrame(std::string(300'000, 'a')) + MakeFrame(Opcode::kText, "behind"));
  EXPECT_TRUE(connection_->inflating());
  EXPECT_FALSE(connection_->marked_held());
  EXPECT_EQ(loop_->budget().held(), 0u);
  again.Release();
  RunUntil([this] { return Happened("message of 6"); });
  EXPECT_EQ(EventsButOutput(),
            (std::vector<std::string>{"message of 300000", "message of 300000", "message of 6"}));
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, IsNotFedAgainWhileItInflatesNorBehindItsEnd) {
  {
    BusyThreads busy(&uv_);
    FeedLarge();
    connection_->Pause();
    connection_->Resume();
    EXPECT_EQ(Count("output"), 0u);
  }
  RunUntil([this] { return !connection_->inflating(); });
  connection_->FeedEnd();
  Turn();
  handler_.events.clear();
  connection_->Pause();
  connection_->Resume();
  EXPECT_EQ(Count("output"), 0u);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, ReportsNothingOnceItIsTerminated) {
  int messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  connection_->Terminate();
  Feed(MakeFrame(Opcode::kText, "x"));
  EXPECT_EQ(messages, 0);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, KeepsNothingBehindTheMessageWhoseHandlerTerminatesIt) {
  handler_.stop_reading = true;
  handler_.on_message = [](Connection& connection) { connection.Terminate(); };
  Feed(MakeFrame(Opcode::kText, "x") + MakeFrame(Opcode::kText, "y"));
  EXPECT_FALSE(connection_->is_holding());
  EXPECT_EQ(loop_->budget().held(), 0u);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, KeepsNothingBehindAHeldMessageWhoseHandlerTerminatesIt) {
  handler_.spends_budget = true;
  int messages = 0;
  handler_.on_message = [&messages](Connection& connection) {
    if (++messages == 2) connection.Terminate();
  };
  connection_->set_record_limit(1);
  Feed(MakeFrame(Opcode::kText, "x") + MakeFrame(Opcode::kText, "y") +
       MakeFrame(Opcode::kText, "z"));
  EXPECT_TRUE(connection_->is_holding());
  RunUntil([&messages] { return messages == 2; });
  EXPECT_FALSE(connection_->is_holding());
  connection_->FeedClosed();
  EXPECT_TRUE(Happened("closed"));
  EXPECT_EQ(messages, 2);
  EXPECT_EQ(loop_->budget().held(), 0u);
}

TEST_F(ExternalConnectionTest, WaitsForNoTurnWhereItsHandlerPausesIt) {
  handler_.stop_reading = true;
  int messages = 0;
  handler_.on_message = [&messages](Connection& connection) {
    messages++;
    connection.Pause();
  };
  Feed(MakeFrame(Opcode::kText, "x") + MakeFrame(Opcode::kText, "y"));
  EXPECT_FALSE(connection_->is_holding());
  EXPECT_EQ(loop_->budget().held(), 0u);
  connection_->Resume();
  RunUntil([&messages] { return messages == 2; });
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, CountsWhatWaitsForItsTurn) {
  handler_.spends_budget = true;
  connection_->set_record_limit(1);
  const std::string frame = MakeFrame(Opcode::kText, "x");
  Feed(frame + frame);
  EXPECT_EQ(loop_->budget().held(), frame.size());
  Feed(frame);
  EXPECT_EQ(loop_->budget().held(), 2 * frame.size());
  RunUntil([this] { return !connection_->is_holding(); });
  EXPECT_EQ(loop_->budget().held(), 0u);
  Feed(frame + frame);
  EXPECT_EQ(loop_->budget().held(), frame.size());
  connection_->Terminate();
  EXPECT_EQ(loop_->budget().held(), 0u);
  connection_->FeedClosed();
}

TEST_F(ExternalConnectionTest, EndsBehindWhatWaitsForItsTurn) {
  handler_.spends_budget = true;
  int messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  std::string many;
  for (int i = 0; i < 300; i++) many += MakeFrame(Opcode::kText, "x");
  Feed(many);
  EXPECT_TRUE(connection_->is_holding());
  // From here on it would have a budget again.
  auto* other = ExternalConnection::Make(loop_.get(), &handler_, settings_, Role::kServer);
  std::string frame = MakeFrame(Opcode::kText, "other");
  other->Feed(reinterpret_cast<uint8_t*>(frame.data()), frame.size());
  connection_->FeedClosed();
  EXPECT_FALSE(Happened("closed"));
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 301);
  EXPECT_EQ(loop_->budget().held(), 0u);
}

TEST_F(ExternalConnectionTest, SendsNothingBehindItsEnd) {
  connection_->EndTransport();
  EXPECT_TRUE(connection_->TakeEnd());
  const uint64_t enqueued = connection_->enqueued();
  connection_->SendRaw(ByteView("raw"));
  connection_->SendFrame(FrameHeader(), ByteView("frame"));
  EXPECT_EQ(connection_->OutputSize(), 0u);
  EXPECT_EQ(connection_->enqueued(), enqueued);
  connection_->FeedClosed();
}

// A socket that is paused reports its failure in front of the messages that it has kept.
TEST_F(ExternalConnectionTest, LeavesItToTheStreamToTellOfItsFailure) {
  connection_->UseCompression(std::make_shared<CompressionSettings>());
  connection_->Pause();
  Feed(MakeFrame(Opcode::kText, "kept"));
  FrameHeader header;
  header.rsv1 = true;
  connection_->SendLater(header, ByteView("one"));
  connection_->SendLater(header, ByteView("a second one, which cannot be"));
  EXPECT_NE(connection_->failure(), 0);
  EXPECT_TRUE(connection_->wants_destroy());
  int messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  connection_->FeedClosed();
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 1);
  EXPECT_FALSE(Happened("failed"));
}

TEST_F(ExternalConnectionTest, IsOfNeitherPortNorSocket) {
  EXPECT_EQ(connection_->AsSocket(), nullptr);
  EXPECT_EQ(connection_->AsExternal(), connection_);
  EXPECT_EQ(connection_->delivery(), Delivery::kInCall);
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
