#include "transport/connection.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <string>

#include "support/echo_server.h"

namespace wsuv::test {
namespace {

class ConnectionTest : public EchoServerTest {};

TEST_F(ConnectionTest, EchoesMessagesOfEverySize) {
  Listen();
  const int fd = Open();
  for (const size_t size : {0, 1, 125, 126, 4080, 4096, 16384, 65535, 65536, 200000}) {
    const std::string payload(size, 's');
    Send(fd, MakeFrame(Opcode::kBinary, payload));
    const std::string expected = Unmasked(Opcode::kBinary, payload);
    EXPECT_EQ(Receive(fd, expected.size()), expected) << size;
  }
}

TEST_F(ConnectionTest, SendsAMessageInFramesOfASize) {
  Listen();
  const int fd = Open();
  FrameHeader text;
  text.opcode = Opcode::kText;
  text.rsv1 = true;
  FrameHeader piece;
  piece.opcode = Opcode::kContinuation;
  piece.fin = false;
  FrameSpec first;
  first.opcode = 1;
  first.fin = false;
  first.rsv = 4;
  first.masked = false;
  const std::string expected = MakeFrame(first, "abc") +
                               MakeFrame(Opcode::kContinuation, "def", false, false) +
                               MakeFrame(Opcode::kContinuation, "g", true, false);
  handler_.on_message = [&](Connection& connection) {
    connection.SendFrames(text, ByteView(std::string_view("abcdefg")), 3);
    // A piece that is not the last one, one that fits, and an empty one.
    connection.SendFrames(piece, ByteView(std::string_view("abcd")), 2);
    connection.SendFrames(text, ByteView(std::string_view("abc")), 3);
    connection.SendFrames(text, {}, 1);
  };
  Send(fd, MakeFrame(Opcode::kText, ""));
  first.fin = true;
  const std::string all = expected + MakeFrame(Opcode::kContinuation, "ab", false, false) +
                          MakeFrame(Opcode::kContinuation, "cd", false, false) +
                          MakeFrame(first, "abc") + MakeFrame(first, "");
  EXPECT_EQ(Receive(fd, all.size()), all);
}

TEST_F(ConnectionTest, TakesFramesThatComeWithTheRequestOrInPieces) {
  Listen();
  const int fd = Connect();
  const std::string bytes =
      kRequest + MakeFrame(Opcode::kText, "early") + MakeFrame(Opcode::kText, "too");
  Send(fd, bytes.substr(0, 10));
  Receive(fd, 0);
  Send(fd, bytes.substr(10));
  const std::string expected = Unmasked(Opcode::kText, "early") + Unmasked(Opcode::kText, "too");
  EXPECT_EQ(Receive(fd, 129 + expected.size()).substr(129), expected);
}

TEST_F(ConnectionTest, ReadsARequestByteByByte) {
  Listen();
  const int fd = Connect();
  for (const char byte : kRequest) {
    Send(fd, std::string(1, byte));
    Receive(fd, 0);
  }
  EXPECT_EQ(Receive(fd, 129).substr(0, 12), "HTTP/1.1 101");
}

TEST_F(ConnectionTest, HoldsEarlyInputUntilTheUpgradeIsDecided) {
  handler_.decide = false;
  Listen();
  const int fd = Connect();
  std::string frames;
  std::string expected;
  for (int i = 0; i < 50; i++) {
    frames += MakeFrame(Opcode::kBinary, std::string(4000, 'e'));
    expected += Unmasked(Opcode::kBinary, std::string(4000, 'e'));
  }
  Send(fd, kRequest + frames);
  RunUntil([this] { return Happened("upgrade 0"); });
  handler_.last->Accept("101", nullptr);
  EXPECT_EQ(Receive(fd, 3 + expected.size()).substr(3), expected);
}

TEST_F(ConnectionTest, DoesTheClosingHandshakeThatThePeerBegins) {
  Listen();
  const int fd = Open();
  const std::string payload = std::string("\x03\xE9", 2) + "gone";
  Send(fd, MakeFrame(Opcode::kText, "x") + MakeFrame(Opcode::kClose, payload));
  EXPECT_EQ(ReceiveAll(fd), Unmasked(Opcode::kText, "x") + Unmasked(Opcode::kClose, payload));
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_TRUE(Happened("close 1001 gone"));
}

TEST_F(ConnectionTest, DoesTheClosingHandshakeThatWeBegin) {
  handler_.on_message = [](Connection& connection) { connection.Close(1000, ByteView("bye")); };
  Listen();
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "x"));
  const std::string frame = Unmasked(Opcode::kClose, std::string("\x03\xE8", 2) + "bye");
  EXPECT_EQ(Receive(fd, frame.size()), frame);
  Send(fd, MakeFrame(Opcode::kClose, std::string("\x03\xE8", 2)));
  bool ended = false;
  EXPECT_EQ(Receive(fd, 1, &ended), "");
  EXPECT_TRUE(ended);
  close(fd);
  clients_.clear();
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(ConnectionTest, DoesNotWaitForeverForThePeersCloseFrame) {
  handler_.on_message = [](Connection& connection) { connection.Close(1000, {}); };
  Listen();
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "x"));
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(ConnectionTest, DoesNotWaitForeverForARequestHead) {
  Listen();
  const int slow = Connect();
  Send(slow, "GET / HTTP/1.1\r\n");
  const int silent = Connect();
  EXPECT_EQ(ReceiveAll(slow).substr(0, 28), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(ReceiveAll(silent).substr(0, 28), "HTTP/1.1 408 Request Timeout");
  RunUntil(
      [this] { return std::count(handler_.events.begin(), handler_.events.end(), "closed") == 2; });
}

TEST_F(ConnectionTest, AnswersWhatIsNoUpgrade) {
  Listen();
  const std::pair<std::string, std::string> cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 426 "},
      {"garbage\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /" + std::string(20000, 'a'), "HTTP/1.1 431 "},
  };
  for (const auto& [request, status] : cases) {
    const int fd = Connect();
    Send(fd, request);
    EXPECT_EQ(ReceiveAll(fd).substr(0, status.size()), status);
  }
}

TEST_F(ConnectionTest, SurvivesAResetAtEveryByte) {
  Listen();
  const std::string bytes = kRequest + MakeFrame(Opcode::kText, "reset");
  for (size_t cut = 0; cut <= bytes.size(); cut += 3) {
    const int fd = Connect();
    Send(fd, bytes.substr(0, cut));
    Receive(fd, 0);
    const linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    clients_.pop_back();
  }
  RunUntil([this] { return loop_->open_handles() == 5; });  // The loop's four and the listener.
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "alive"));
  EXPECT_EQ(Receive(fd, 7), Unmasked(Opcode::kText, "alive"));
}

TEST_F(ConnectionTest, PausesAndGoesOnWhereItStopped) {
  // A handler that pauses the connection, and says so to the reader.
  handler_.stop_reading = true;
  int messages = 0;
  handler_.on_message = [&messages](Connection& connection) {
    messages++;
    connection.Pause();
  };
  Listen();
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "1") + MakeFrame(Opcode::kText, "2") +
               MakeFrame(Opcode::kText, "3"));
  for (int expected = 1; expected <= 3; expected++) {
    RunUntil([&messages, expected] { return messages == expected; });
    for (int turn = 0; turn < 5; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
    EXPECT_EQ(messages, expected);
    handler_.last->Resume();
  }
}

TEST_F(ConnectionTest, APausedOneHearsThatItsPeerHasGone) {
  Listen();
  const int fd = Open();
  handler_.last->Pause();
  const linger hard = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  close(fd);
  clients_.clear();
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(handler_.closed_status, UV_ECONNRESET);
}

TEST_F(ConnectionTest, APausedOneReadsNoMoreThanTheHighWaterMark) {
  settings_->high_water_mark = 1000;
  Listen();
  const int fd = Open();
  handler_.last->Pause();
  Send(fd, std::string(500, 'x'));
  RunUntil([this] { return handler_.last->received() == kRequest.size() + 500; });
  Send(fd, std::string(500, 'x'));
  RunUntil([this] { return handler_.last->received() == kRequest.size() + 1000; });
  Send(fd, std::string(500, 'x'));
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(handler_.last->received(), kRequest.size() + 1000);
}

TEST_F(ConnectionTest, GivesEachConnectionOneBudgetATurn) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Open();
  std::string bytes;
  for (size_t i = 0; i < 10 * TurnBudget::kRecords; i++) bytes += MakeFrame(Opcode::kText, "");
  Send(fd, bytes);
  size_t most = 0;
  while (messages < 10 * TurnBudget::kRecords) {
    const size_t before = messages;
    uv_run(&uv_, UV_RUN_ONCE);
    most = std::max(most, messages - before);
    if (messages > 0 && messages < 10 * TurnBudget::kRecords) {
      EXPECT_GT(loop_->budget().held(), 0u);
    }
  }
  // What was read in the poll, and what was held of it in the same turn.
  EXPECT_LE(most, 2 * size_t{TurnBudget::kRecords});
  EXPECT_EQ(loop_->budget().held(), 0u);
}

TEST_F(ConnectionTest, WhatIsHeldComesBeforeTheEnd) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Open();
  std::string bytes;
  for (size_t i = 0; i < 3 * TurnBudget::kRecords; i++) bytes += MakeFrame(Opcode::kText, "");
  Send(fd, bytes);
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return Happened("end"); });
  EXPECT_EQ(messages, 3 * size_t{TurnBudget::kRecords});
}

TEST_F(ConnectionTest, TerminatingDropsWhatIsHeld) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection& connection) {
    messages++;
    connection.Terminate();
  };
  Listen();
  const int fd = Open();
  std::string bytes;
  for (size_t i = 0; i < 3 * TurnBudget::kRecords; i++) bytes += MakeFrame(Opcode::kText, "");
  Send(fd, bytes);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_LE(messages, size_t{TurnBudget::kRecords});
  EXPECT_EQ(loop_->budget().held(), 0u);
}

TEST_F(ConnectionTest, ReportsThePeersEndAndClosesInTurn) {
  Listen();
  const int fd = Open();
  shutdown(fd, SHUT_WR);
  EXPECT_EQ(ReceiveAll(fd), "");
  RunUntil([this] { return Happened("closed"); });
  EXPECT_TRUE(Happened("end"));
}

TEST_F(ConnectionTest, TerminatesInAHandler) {
  handler_.on_message = [](Connection& connection) { connection.Terminate(); };
  Listen();
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "1") + MakeFrame(Opcode::kText, "2"));
  EXPECT_EQ(ReceiveAll(fd), "");
  EXPECT_TRUE(Happened("closed"));
}

TEST_F(ConnectionTest, KnowsWhenItWasLastBusy) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  const uint64_t first = connection->LastActivity();
  uv_sleep(20);
  Send(fd, MakeFrame(Opcode::kText, "x"));
  Receive(fd, 3);
  EXPECT_GE(connection->LastActivity(), first + 20);
}

TEST_F(ConnectionTest, ShutsDownWithConnectionsInEveryStage) {
  handler_.decide = false;
  Listen();
  Send(Connect(), kRequest);
  RunUntil([this] { return Happened("upgrade 0"); });
  handler_.decide = true;
  Send(Open(), MakeFrame(Opcode::kText, "half").substr(0, 7));
  Send(Connect(), "GET");
  Connect();
  Receive(clients_.back(), 0);
}

}  // namespace
}  // namespace wsuv::test
