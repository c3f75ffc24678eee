#include "transport/loop.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <set>
#include <string>

#include "support/echo_server.h"

namespace wsuv::test {
namespace {

// Keeps what it is told, and delivers it when it is asked to.
class Observer final : public RoundObserver {
 public:
  void OnRound() override {
    rounds++;
    has_events = false;
    is_full = false;
    if (on_round) on_round();
  }
  bool HasEvents() const override { return has_events; }
  bool IsFull() const override { return is_full; }
  bool Trim() override { return false; }

  int rounds = 0;
  bool has_events = false;
  bool is_full = false;
  std::function<void()> on_round;
};

class LoopTest : public EchoServerTest {
 protected:
  // Before the loop's own, so that it is called behind that.
  void StartLoop() override {
    uv_check_init(&uv_, &last_check_);
    last_check_.data = this;
    uv_check_start(&last_check_, [](uv_check_t* check) {
      auto* self = static_cast<LoopTest*>(check->data);
      if (self->on_last_check_) self->on_last_check_();
    });
    uv_unref(reinterpret_cast<uv_handle_t*>(&last_check_));
    loop_->Start(&observer_);
  }

  void TearDown() override {
    uv_close(reinterpret_cast<uv_handle_t*>(&last_check_), nullptr);
    EchoServerTest::TearDown();
  }

  Observer observer_;
  uv_check_t last_check_;
  std::function<void()> on_last_check_;
};

TEST_F(LoopTest, DeliversUntilNothingIsLeft) {
  observer_.has_events = true;
  observer_.on_round = [this] { observer_.has_events = observer_.rounds < 3; };
  loop_->RunRound();
  EXPECT_EQ(observer_.rounds, 3);
  loop_->RunRound();
  EXPECT_EQ(observer_.rounds, 3);
}

TEST_F(LoopTest, RunsNoRoundWithinAnother) {
  observer_.has_events = true;
  observer_.on_round = [this] {
    observer_.has_events = observer_.rounds == 1;
    const int rounds = observer_.rounds;
    loop_->RunRound();
    EXPECT_EQ(observer_.rounds, rounds);
    EXPECT_FALSE(loop_->sends_at_once());
  };
  loop_->RunRound();
  EXPECT_EQ(observer_.rounds, 2);
  EXPECT_TRUE(loop_->sends_at_once());
}

TEST_F(LoopTest, DeliversEarlyWhatIsMuch) {
  observer_.has_events = true;
  loop_->AfterRead();
  EXPECT_EQ(observer_.rounds, 0);
  observer_.is_full = true;
  loop_->AfterRead();
  EXPECT_EQ(observer_.rounds, 1);
}

// RFC 6455 5.3: a key must be unpredictable, and so a new one for each frame.
TEST_F(LoopTest, GivesEveryFrameAMaskingKeyOfItsOwn) {
  std::set<std::string> keys;
  constexpr size_t kCount = 5000;  // More than are fetched at once.
  for (size_t i = 0; i < kCount; i++) {
    uint8_t key[4];
    loop_->NextMaskingKey(key);
    keys.insert(std::string(reinterpret_cast<char*>(key), sizeof(key)));
  }
  // By chance a few are equal.
  EXPECT_GT(keys.size(), kCount - 20);
}

TEST_F(LoopTest, SendsTheFirstFrameOfATurnAtOnceAndTheOthersBeforeItPolls) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  FrameHeader header;
  connection->SendFrame(header, ByteView("a"));
  EXPECT_EQ(connection->written(), connection->enqueued());
  connection->SendFrame(header, ByteView("b"));
  EXPECT_EQ(connection->enqueued() - connection->written(), 3u);
  loop_->BeginLastTurn();
  EXPECT_EQ(connection->written(), connection->enqueued());
  // Nothing comes behind the last turn, so nothing waits for its end.
  connection->SendFrame(header, ByteView("c"));
  EXPECT_EQ(connection->written(), connection->enqueued());
  EXPECT_EQ(Receive(fd, 9).size(), 9u);
}

TEST_F(LoopTest, SendsAtTheEndOfARoundWhatItsHandlersSend) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  observer_.has_events = true;
  observer_.on_round = [this, connection] {
    loop_->BeginDelivery();
    connection->SendFrame(FrameHeader(), ByteView("a"));
    loop_->FlushIfLate();
    EXPECT_LT(connection->written(), connection->enqueued());
  };
  loop_->RunRound();
  EXPECT_EQ(connection->written(), connection->enqueued());
  EXPECT_EQ(Receive(fd, 3).size(), 3u);
}

TEST_F(LoopTest, SendsInARoundWhatSlowHandlersHaveSent) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  observer_.has_events = true;
  size_t sent = 1;
  observer_.on_round = [this, connection, &sent] {
    loop_->BeginDelivery();
    connection->SendFrame(FrameHeader(), ByteView("a"));
    uv_sleep(1);
    loop_->FlushIfLate();
    EXPECT_EQ(connection->written(), connection->enqueued());
    // From here on it takes as long again: if this thread was not just held up, it is too soon.
    bool is_too_soon = false;
    for (int i = 0; i < 1000 && !is_too_soon; i++) {
      connection->SendFrame(FrameHeader(), ByteView("b"));
      sent++;
      loop_->FlushIfLate();
      is_too_soon = connection->written() < connection->enqueued();
    }
    EXPECT_TRUE(is_too_soon);
  };
  loop_->RunRound();
  EXPECT_EQ(Receive(fd, 3 * sent).size(), 3 * sent);
}

TEST_F(LoopTest, SendsInARoundWhatIsMuch) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  const uint64_t written = connection->written();
  observer_.has_events = true;
  observer_.on_round = [connection, written] {
    const std::string payload(60'000, 'x');
    connection->SendFrame(FrameHeader(), ByteView(payload));
    connection->SendFrame(FrameHeader(), ByteView(payload));
    EXPECT_EQ(connection->written(), written);
    connection->SendFrame(FrameHeader(), ByteView(payload));
    EXPECT_GT(connection->written(), written);
  };
  loop_->RunRound();
  EXPECT_EQ(Receive(fd, 3 * 60'004).size(), 3u * 60'004);
}

// As where a setImmediate() of Node's ends the last connection: the event loop does not turn again.
TEST_F(LoopTest, DeliversWhatComesLastWhereThereIsNoFurtherTurn) {
  Listen();
  Open();
  on_last_check_ = [this] {
    on_last_check_ = nullptr;
    handler_.last->Terminate();
    observer_.has_events = true;
  };
  const int rounds = observer_.rounds;
  uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(observer_.rounds, rounds + 1);
}

// A process that is held up must not drop those whose bytes have been there all the time.
TEST_F(LoopTest, JudgesDeadlinesByWhatHadArrived) {
  Listen();
  const int fd = Connect();
  Send(fd, kRequest.substr(0, 20));
  RunUntil([this] { return loop_->open_sockets() == 2; });
  Send(fd, kRequest.substr(20));
  uv_sleep(200);
  EXPECT_EQ(Receive(fd, 129).substr(0, 12), "HTTP/1.1 101");
}

// The same where it is held up by the handler of what was read in front of them.
TEST_F(LoopTest, JudgesDeadlinesByWhatHadArrivedWhenItPolled) {
  Listen();
  const int busy = Open();
  settings_->handshake_timeout = 20;
  const int silent = Connect();
  RunUntil([this] { return loop_->open_sockets() == 3; });
  settings_->handshake_timeout = 400;
  const int late = Connect();
  RunUntil([this] { return loop_->open_sockets() == 4; });
  uv_sleep(30);  // Somebody's time is up, so that deadlines are judged.
  handler_.on_message = [&](Connection&) {
    Send(late, kRequest);
    uv_sleep(500);
  };
  Send(busy, MakeFrame(Opcode::kText, "x"));
  EXPECT_EQ(ReceiveAll(silent).substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(Receive(late, 129).substr(0, 12), "HTTP/1.1 101");
}

TEST_F(LoopTest, GivesItsMemoryBackAfterSomeTime) {
  Listen();
  const int fd = Open();
  const std::string large(300'000, 'x');
  Send(fd, MakeFrame(Opcode::kText, large));
  Receive(fd, large.size() + 10);
  EXPECT_GT(loop_->pool().kept(), 0u);
  // Twice the interval of five seconds, on the clock that deadlines are judged by.
  RunUntil([this] { return loop_->pool().kept() == 0; }, 30'000);
}

TEST_F(LoopTest, CountsWhatIsOpen) {
  EXPECT_EQ(loop_->open_sockets(), 0u);
  Listen();
  Connect();
  RunUntil([this] { return loop_->open_sockets() == 2; });
  EXPECT_EQ(loop_->open_handles(), 2u + 4);
  loop_->DropHeads(listener_);
  EXPECT_EQ(ReceiveAll(clients_.back()), "");
  EXPECT_EQ(loop_->open_sockets(), 1u);
}

}  // namespace
}  // namespace wsuv::test
