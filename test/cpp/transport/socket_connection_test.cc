#include "transport/socket_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "support/echo_server.h"

namespace wsuv::test {
namespace {

class SocketConnectionTest : public EchoServerTest {};

TEST_F(SocketConnectionTest, KeepsWhatTheKernelDoesNotTake) {
  Listen();
  const int fd = Open();
  // One small message asks for 40 MiB, more than socket buffers hold.
  const std::string payload(40 * 1024 * 1024, 'k');
  handler_.on_message = [&payload](Connection& connection) {
    connection.NotifyWritten();
    FrameHeader header;
    connection.SendFrame(header, ByteView(payload));
    connection.SendFrame(header, ByteView("behind"));
  };
  Send(fd, MakeFrame(Opcode::kBinary, ""));
  RunUntil([this] { return handler_.last != nullptr && handler_.last->enqueued() > 1000000; });
  EXPECT_LT(handler_.last->written(), handler_.last->enqueued());
  const std::string expected =
      Unmasked(Opcode::kBinary, payload) + Unmasked(Opcode::kBinary, "behind");
  EXPECT_EQ(Receive(fd, expected.size()), expected);
  RunUntil([this] { return Happened("written"); });
  EXPECT_EQ(handler_.last->written(), handler_.last->enqueued());
}

TEST_F(SocketConnectionTest, TakesASocketOver) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  clients_.push_back(ends[1]);
  auto* connection = SocketConnection::Make(loop_.get(), &handler_, settings_, Role::kServer,
                                            SocketConnection::Kind::kPipe);
  const std::string early = MakeFrame(Opcode::kText, "early");
  const std::string half = MakeFrame(Opcode::kText, "in two pieces");
  ASSERT_EQ(connection->StartAdopted(ends[0], ByteView(early + half.substr(0, 9))), 0);
  // It has a descriptor of its own.
  close(ends[0]);
  connection->set_tapped(true);
  Send(ends[1], half.substr(9) + MakeFrame(Opcode::kText, "later"));
  EXPECT_EQ(Receive(ends[1], 7 + 15 + 7), Unmasked(Opcode::kText, "early") +
                                              Unmasked(Opcode::kText, "in two pieces") +
                                              Unmasked(Opcode::kText, "later"));
  EXPECT_EQ(handler_.raw, half.substr(9) + MakeFrame(Opcode::kText, "later"));
  EXPECT_EQ(connection->received(), handler_.raw.size());
  connection->Reset();
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(SocketConnectionTest, ShowsBytesBehindWhatTheySayButInFrontOfAnError) {
  Listen();
  const int fd = Open();
  std::vector<std::string> seen;  // What was shown when a message came.
  handler_.on_message = [this, &seen](Connection&) { seen.push_back(handler_.raw); };
  handler_.last->set_tapped(true, true);
  const std::string good = MakeFrame(Opcode::kText, "good");
  Send(fd, good);
  RunUntil([this] { return !handler_.raw.empty(); });
  EXPECT_EQ(seen, std::vector<std::string>{""});
  EXPECT_EQ(handler_.raw, good);
  handler_.raw.clear();
  const std::string wrong("\x83\x80\0\0\0\0", 6);
  std::string raw_at_error;
  handler_.on_error = [this, &raw_at_error] { raw_at_error = handler_.raw; };
  Send(fd, wrong);
  RunUntil([this] { return Happened("WS_ERR_INVALID_OPCODE"); });
  EXPECT_EQ(raw_at_error, wrong);
}

TEST_F(SocketConnectionTest, SaysThatASocketCannotBeTakenOver) {
  auto* connection = SocketConnection::Make(loop_.get(), &handler_, settings_, Role::kServer,
                                            SocketConnection::Kind::kTcp);
  EXPECT_EQ(connection->StartAdopted(-1, {}), UV_EBADF);
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(SocketConnectionTest, WritesNothingWhileItIsCorked) {
  Listen();
  const int fd = Open();
  SocketConnection* socket = handler_.last->AsSocket();
  ASSERT_NE(socket, nullptr);
  socket->SetCorked(true);
  socket->SendFrame(FrameHeader(), ByteView("a"));
  socket->SendFrame(FrameHeader(), ByteView(std::string(100'000, 'b')));
  socket->Flush();
  EXPECT_EQ(socket->enqueued() - socket->written(), 3u + 100'010);
  socket->NotifyWritten();
  socket->SetCorked(false);
  EXPECT_TRUE(Happened("written"));
  EXPECT_EQ(Receive(fd, 3 + 100'010).size(), 3u + 100'010);
}

TEST_F(SocketConnectionTest, EndsThoughItIsCorked) {
  Listen();
  const int fd = Open();
  SocketConnection* socket = handler_.last->AsSocket();
  socket->SetCorked(true);
  socket->SendFrame(FrameHeader(), ByteView("a"));
  socket->EndTransport();
  EXPECT_EQ(ReceiveAll(fd), Unmasked(Opcode::kBinary, "a"));
}

// More blocks than one system call takes.
TEST_F(SocketConnectionTest, WritesQueuesOfManyBlocks) {
  Listen();
  const int fd = Open();
  SocketConnection* socket = handler_.last->AsSocket();
  socket->SetCorked(true);
  std::string expected;
  for (int i = 0; i < 40; i++) {
    // A block of the pool's each, none of which has room for another.
    const std::string payload(9'000, static_cast<char>('A' + i));
    socket->SendFrame(FrameHeader(), ByteView(payload));
    expected += Unmasked(Opcode::kBinary, payload);
  }
  // And a payload that is offered from where it lies, behind them.
  socket->SetCorked(false);
  const std::string large(70'000, 'z');
  socket->SendFrame(FrameHeader(), ByteView(large));
  expected += Unmasked(Opcode::kBinary, large);
  EXPECT_EQ(Receive(fd, expected.size()), expected);
}

// A payload that is offered directly must not overtake a queue that is too long for one call.
TEST_F(SocketConnectionTest, SendsLargePayloadsBehindALongQueue) {
  Listen();
  const int fd = Open();
  std::string expected;
  const std::string large(70'000, 'z');
  handler_.on_message = [&](Connection& connection) {
    for (int i = 0; i < 40; i++) {
      const std::string payload(9'000, static_cast<char>('A' + i));
      // Below what is flushed at once, in blocks that nobody fills up.
      connection.SendFrame(FrameHeader(), ByteView(payload));
      expected += Unmasked(Opcode::kBinary, payload);
    }
    connection.SendFrame(FrameHeader(), ByteView(large));
    expected += Unmasked(Opcode::kBinary, large);
  };
  Send(fd, MakeFrame(Opcode::kBinary, ""));
  RunUntil([&] { return !expected.empty(); });
  EXPECT_EQ(Receive(fd, expected.size()), expected);
}

// The kernel takes the beginning of a frame that another connection waits to send, too.
TEST_F(SocketConnectionTest, SendsTheRestOfAFrameThatItSharesOnce) {
  Listen();
  Open();
  Connection* busy = handler_.last;
  const int fd = Open();
  Connection* idle = handler_.last;
  std::string message(8'000'000, '\0');
  for (size_t i = 0; i < message.size(); i++) message[i] = static_cast<char>(i * 31 >> 5);
  // Behind one that the kernel does not take whole, it is held for others.
  busy->SendFrame(FrameHeader(), ByteView(std::string_view(message)));
  busy->SendFrame(FrameHeader(), ByteView(std::string_view(message)));
  idle->SendFrame(FrameHeader(), ByteView(std::string_view(message)));
  EXPECT_LT(idle->written(), idle->enqueued());
  const std::string expected = Unmasked(Opcode::kBinary, message);
  EXPECT_TRUE(Receive(fd, expected.size()) == expected);
  idle->Terminate();
  EXPECT_EQ(ReceiveAll(fd), "") << "nothing comes twice";
}

// It was paused before what came with the opening handshake had been looked at.
TEST_F(SocketConnectionTest, APausedOneThatWasTakenOverReadsNoMoreThanTheHighWaterMark) {
  settings_->high_water_mark = 10;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  clients_.push_back(ends[1]);
  auto* connection = SocketConnection::Make(loop_.get(), &handler_, settings_, Role::kServer,
                                            SocketConnection::Kind::kPipe);
  const std::string early = MakeFrame(Opcode::kText, "early and long");
  ASSERT_EQ(connection->StartAdopted(ends[0], ByteView(early)), 0);
  close(ends[0]);
  connection->Pause();
  Send(ends[1], MakeFrame(Opcode::kText, "later"));
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(connection->received(), 0u);
  connection->Resume();
  EXPECT_EQ(Receive(ends[1], 16 + 7),
            Unmasked(Opcode::kText, "early and long") + Unmasked(Opcode::kText, "later"));
}

TEST_F(SocketConnectionTest, ReadsNothingWhileTooMuchIsHeld) {
  Listen();
  const int fd = Open();
  loop_->budget().AddHeld(TurnBudget::kMostHeld + 1);
  Send(fd, MakeFrame(Opcode::kText, "x"));
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(handler_.events, std::vector<std::string>{"upgrade 0"});
  EXPECT_EQ(handler_.last->received(), kRequest.size());
  loop_->budget().SubtractHeld(TurnBudget::kMostHeld + 1);
  EXPECT_EQ(Receive(fd, 3), Unmasked(Opcode::kText, "x"));
}

// A read that fills its buffer is followed by another one in the same poll, unless it has spent
// what there is for the turn.
TEST_F(SocketConnectionTest, ReadsNoMoreInATurnThanItHandles) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Open();
  handler_.last->set_record_limit(1);
  // Reads are small, of the size of a frame.
  loop_->budget().AddHeld(TurnBudget::kMaxHeld + 1);
  const std::string frame =
      MakeFrame(Opcode::kBinary, std::string(TurnBudget::kSmallRead - 8, 'x'));
  ASSERT_EQ(frame.size(), TurnBudget::kSmallRead);
  std::string bytes;
  for (int i = 0; i < 10; i++) bytes += frame;
  Send(fd, bytes);
  while (messages < 10) {
    const size_t before = messages;
    uv_run(&uv_, UV_RUN_ONCE);
    EXPECT_LE(messages - before, 1u);
  }
  loop_->budget().SubtractHeld(TurnBudget::kMaxHeld + 1);
}

TEST_F(SocketConnectionTest, KnowsItsDescriptorAndAddresses) {
  Listen();
  Open();
  SocketConnection* socket = handler_.last->AsSocket();
  EXPECT_GE(socket->GetDescriptor(), 0);
  sockaddr_storage local = {};
  sockaddr_storage remote = {};
  ASSERT_EQ(socket->GetAddress(false, &local), 0);
  ASSERT_EQ(socket->GetAddress(true, &remote), 0);
  EXPECT_EQ(ntohs(reinterpret_cast<sockaddr_in*>(&local)->sin_port), port_);
  EXPECT_NE(ntohs(reinterpret_cast<sockaddr_in*>(&remote)->sin_port), port_);
  socket->Terminate();
  EXPECT_LT(socket->GetDescriptor(), 0);
}

TEST_F(SocketConnectionTest, EndsWithAResetWhereThatIsAsked) {
  Listen();
  const int fd = Open();
  handler_.last->Reset();
  char byte;
  RunUntil([&] { return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET; });
  const int other = Open();
  handler_.last->Terminate();
  EXPECT_EQ(ReceiveAll(other), "");
}

}  // namespace
}  // namespace wsuv::test
