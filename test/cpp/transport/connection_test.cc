#include "transport/connection.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "support/echo_server.h"
#include "transport/compression.h"
#include "transport/socket_connection.h"

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

// Also where it is in the middle of a message whose bytes go straight to where they are to stay.
TEST_F(ConnectionTest, APausedOneReadsNoMoreOfALargeMessageThanTheHighWaterMark) {
  settings_->high_water_mark = 1000;
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  const std::string payload(450'000, 'l');
  const std::string frame = MakeFrame(Opcode::kBinary, payload);
  Send(fd, frame.substr(0, 200'000));
  RunUntil([&] { return connection->received() == kRequest.size() + 200'000; });
  connection->Pause();
  Send(fd, frame.substr(200'000));
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_LE(connection->received(), kRequest.size() + 200'000 + 65'536);
  connection->Resume();
  const std::string expected = Unmasked(Opcode::kBinary, payload);
  EXPECT_TRUE(Receive(fd, expected.size()) == expected);
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

TEST_F(ConnectionTest, FragmentsAreWorthABudgetATurnToo) {
  handler_.spends_budget = true;
  settings_->limits.max_fragments = 0;
  constexpr size_t kTurns = 16;
  constexpr size_t kBudget = size_t{TurnBudget::kRecords} * TurnBudget::kFragmentsOfARecord;
  for (const uint64_t threshold : {0, 10}) {
    settings_->limits.stream_threshold = threshold;
    Listen();
    for (const std::string payload : {"", "x"}) {
      bool came = false;
      handler_.on_message = [&came](Connection&) { came = true; };
      handler_.streamed = 0;
      const int fd = Open();
      std::string bytes = MakeFrame(Opcode::kText, payload, false);
      for (size_t i = 0; i < kTurns * kBudget; i++) {
        bytes += MakeFrame(Opcode::kContinuation, payload, false);
      }
      Send(fd, bytes + MakeFrame(Opcode::kContinuation, "y"));
      size_t turns = 0;
      while (!came && !handler_.was_streamed) {
        turns++;
        uv_run(&uv_, UV_RUN_ONCE);
      }
      // What was read in the poll, and what was held of it in the same turn.
      EXPECT_GE(turns, kTurns / 2) << threshold << payload;
      handler_.was_streamed = false;
      RunUntil([&] { return loop_->budget().held() == 0; });
    }
  }
}

TEST_F(ConnectionTest, KnowsWhatTheKernelHasNotTaken) {
  Listen();
  const int fd = Open();
  Connection* const connection = handler_.last;
  const uint64_t before = connection->enqueued();
  EXPECT_EQ(connection->written(), before);
  const std::string large(16'000'000, 'l');
  connection->NotifyWritten();
  connection->SendFrame({}, ByteView(std::string_view(large)));
  RunUntil([&] { return connection->written() > before; });
  EXPECT_EQ(connection->enqueued(), before + 10 + large.size());
  // The kernel takes less.
  EXPECT_LT(connection->written(), connection->enqueued());
  EXPECT_EQ(Receive(fd, 10 + large.size()), Unmasked(Opcode::kBinary, large));
  RunUntil([&] { return connection->written() == connection->enqueued(); });
  // Whoever wants to know it again asks again.
  connection->SendFrame({}, ByteView(std::string_view(large)));
  Receive(fd, 10 + large.size());
  RunUntil([&] { return connection->written() == connection->enqueued(); });
  EXPECT_EQ(std::count(handler_.events.begin(), handler_.events.end(), "written"), 1);
  // Of what was under way at the end nobody knows.
  connection->SendFrame({}, ByteView(std::string_view(large)));
  connection->Terminate();
  RunUntil([&] { return handler_.last == nullptr; });
  EXPECT_EQ(handler_.written_at_end, 0u);
}

TEST_F(ConnectionTest, TerminatingIsNoReset) {
  Listen();
  const int fd = Open();
  handler_.last->Terminate();
  RunUntil([this] { return Happened("closed"); });
  char byte;
  EXPECT_EQ(recv(fd, &byte, 1, 0), 0);
}

TEST_F(ConnectionTest, APausedOneIsNotReadWhenItsTurnComes) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection& connection) {
    if (++messages == TurnBudget::kRecords) connection.Pause();
  };
  Listen();
  const int fd = Open();
  std::string bytes;
  for (size_t i = 0; i < 3 * TurnBudget::kRecords; i++) bytes += MakeFrame(Opcode::kText, "");
  Send(fd, bytes);
  RunUntil([&] { return messages >= TurnBudget::kRecords; });
  for (int i = 0; i < 5; i++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(messages, size_t{TurnBudget::kRecords});
  handler_.last->Resume();
  RunUntil([&] { return messages == 3 * TurnBudget::kRecords; });
}

TEST_F(ConnectionTest, AnEndBehindUnreadBytesIsNotSeenBeforeThem) {
  handler_.decide = false;
  Listen();
  const int fd = Connect();
  Send(fd, kRequest + MakeFrame(Opcode::kText, "early"));
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return handler_.last != nullptr; });
  for (int i = 0; i < 5; i++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(handler_.events, std::vector<std::string>{"upgrade 0"});
}

TEST_F(ConnectionTest, ALineBreakIsNoHead) {
  Listen();
  const int fd = Connect();
  Send(fd, "\r\n");
  shutdown(fd, SHUT_WR);
  EXPECT_EQ(ReceiveAll(fd), "");
  EXPECT_EQ(handler_.events, std::vector<std::string>{"closed"});
}

TEST_F(ConnectionTest, ABroadcastThatIsTakenInPartArrivesWhole) {
  Listen();
  const int fds[] = {Open(), Open(), Open()};
  std::vector<Connection*> connections;
  for (const int fd : fds) {
    handler_.on_message = [&](Connection& connection) { connections.push_back(&connection); };
    Send(fd, MakeFrame(Opcode::kText, "who"));
    const size_t count = connections.size() + 1;
    RunUntil([&] { return connections.size() == count; });
  }
  std::string message(8'000'000, '\0');
  for (size_t i = 0; i < message.size(); i++) message[i] = static_cast<char>(i * 31 >> 5);
  for (Connection* connection : connections) {
    connection->SendFrame({}, ByteView(std::string_view(message)));
    connection->SendFrame({}, ByteView(std::string_view(message).substr(0, 100'000)));
  }
  const std::string expected =
      Unmasked(Opcode::kBinary, message) + Unmasked(Opcode::kBinary, message.substr(0, 100'000));
  for (const int fd : fds) EXPECT_TRUE(Receive(fd, expected.size()) == expected);
}

TEST_F(ConnectionTest, TakesNoMoreInThanItsLimitATurn) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Open();
  Connection& connection = *handler_.last;
  EXPECT_EQ(connection.record_limit(), TurnBudget::kRecords);
  connection.set_record_limit(1);
  std::string bytes;
  for (size_t i = 0; i < 100; i++) bytes += MakeFrame(Opcode::kText, "");
  Send(fd, bytes);
  while (messages < 10) {
    const size_t before = messages;
    uv_run(&uv_, UV_RUN_ONCE);
    // What was read in the poll, and what was held of it in the same turn.
    EXPECT_LE(messages - before, 2u);
  }
  connection.set_record_limit(7);
  while (messages < 60) {
    const size_t before = messages;
    uv_run(&uv_, UV_RUN_ONCE);
    EXPECT_LE(messages - before, 2u * 7);
  }
  RunUntil([&] { return messages == 100; });
}

TEST_F(ConnectionTest, PassesLongMessagesOnInPieces) {
  settings_->limits.stream_threshold = 100;
  Listen();
  const int fd = Open();
  size_t all = 0;
  for (const size_t size : {0, 100, 101, 65536, 200000}) {
    Send(fd, MakeFrame(Opcode::kBinary, std::string(size, 's')));
    if (size > 100) all += size;
    const std::string expected =
        Unmasked(Opcode::kBinary, size > 100 ? std::to_string(all) : std::string(size, 's'));
    EXPECT_EQ(Receive(fd, expected.size()), expected) << size;
  }
}

TEST_F(ConnectionTest, ABombInPiecesIsWorthABudgetATurn) {
  constexpr size_t kSize = 30'000'000;
  handler_.spends_budget = true;
  settings_->limits.stream_threshold = 1000;
  Listen();
  for (const bool has_end : {true, false}) {
    handler_.streamed = 0;
    const int fd = Open();
    handler_.last->UseCompression(std::make_shared<CompressionSettings>());
    Send(fd, CompressedFrame(std::string(kSize, 0)));
    // What was read before it comes whole, also where the peer has gone.
    if (!has_end) shutdown(fd, SHUT_WR);
    size_t most = 0;
    while (handler_.streamed < kSize) {
      const size_t before = handler_.streamed;
      uv_run(&uv_, UV_RUN_ONCE);
      most = std::max(most, handler_.streamed - before);
    }
    EXPECT_EQ(handler_.streamed, kSize);
    // What was read in the poll, and what was held of it in the same turn.
    EXPECT_LE(most, 2 * (TurnBudget::kMostBytes + PieceInflater::kStep));
    const std::string expected = Unmasked(Opcode::kBinary, std::to_string(kSize));
    EXPECT_EQ(Receive(fd, expected.size()), expected);
    RunUntil([&] { return loop_->budget().held() == 0; });
  }
}

TEST_F(ConnectionTest, APeerThatGoesInTheMiddleOfPieces) {
  settings_->limits.stream_threshold = 1;
  Listen();
  const std::string bytes = CompressedFrame(std::string(100'000, 'x'));
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const int fd = Open();
    handler_.last->UseCompression(std::make_shared<CompressionSettings>());
    handler_.events.clear();
    Send(fd, bytes.substr(0, size));
    const linger reset = {1, 0};
    if (size % 2 == 0) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    clients_.pop_back();
    RunUntil([&] { return Happened("closed"); });
  }
  EXPECT_EQ(loop_->compression().inflaters().at_work(), 0u);
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
  settings_->close_timeout = 60'000;
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

// What was sent early may be as long as a peer likes; only so much of it waits in memory.
TEST_F(ConnectionTest, HoldsNoMoreEarlyInputThanItsCap) {
  handler_.decide = false;
  Listen();
  const int fd = Connect();
  Send(fd, kRequest);
  RunUntil([this] { return Happened("upgrade 0"); });
  const std::string frame = MakeFrame(Opcode::kBinary, std::string(60'000, 'e'));
  Send(fd, frame);
  RunUntil([&] { return handler_.last->received() == kRequest.size() + frame.size(); });
  // Past the cap only by what came with the byte that reached it.
  Send(fd, frame);
  RunUntil([&] { return handler_.last->received() > kRequest.size() + 65'536; });
  const uint64_t received = handler_.last->received();
  Send(fd, frame);
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_LE(handler_.last->received(), kRequest.size() + 2 * frame.size());
  EXPECT_LE(handler_.last->received(), received + frame.size());
  EXPECT_LT(handler_.last->received(), kRequest.size() + 3 * frame.size());
  handler_.last->Accept("101", nullptr);
  const std::string echo = Unmasked(Opcode::kBinary, std::string(60'000, 'e'));
  EXPECT_EQ(Receive(fd, 3 + 3 * echo.size()).substr(3), echo + echo + echo);
}

TEST_F(ConnectionTest, KeepsASingleByteBehindTheRequest) {
  Listen();
  const int fd = Connect();
  const std::string frame = MakeFrame(Opcode::kText, "x");
  Send(fd, kRequest + frame.substr(0, 1));
  EXPECT_EQ(Receive(fd, 129).substr(0, 12), "HTTP/1.1 101");
  Send(fd, frame.substr(1));
  EXPECT_EQ(Receive(fd, 3), Unmasked(Opcode::kText, "x"));
}

TEST_F(ConnectionTest, APausedOneReportsThePeersEndBehindItsMessages) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  connection->Pause();
  Send(fd, MakeFrame(Opcode::kText, "kept"));
  shutdown(fd, SHUT_WR);
  RunUntil([connection] { return connection->received() > kRequest.size(); });
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_FALSE(Happened("end"));
  int messages = 0;
  handler_.on_message = [this, &messages](Connection&) {
    messages++;
    EXPECT_FALSE(Happened("end"));
  };
  connection->Resume();
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 1);
  EXPECT_EQ(std::count(handler_.events.begin(), handler_.events.end(), "end"), 1);
}

TEST_F(ConnectionTest, APausedOneReportsThatItIsBrokenInFrontOfItsMessages) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  connection->Pause();
  Send(fd, MakeFrame(Opcode::kText, "kept"));
  RunUntil([connection] { return connection->received() > kRequest.size(); });
  int messages = 0;
  handler_.on_message = [this, &messages](Connection&) {
    messages++;
    EXPECT_TRUE(Happened("failed"));
  };
  ResetClient(fd);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 1);
  EXPECT_EQ(handler_.closed_status, UV_ECONNRESET);
}

// But where nothing is to come in front of the end.
TEST_F(ConnectionTest, APausedOneWithoutMessagesIsClosedAtOnceWhenItBreaks) {
  Listen();
  const int fd = Open();
  handler_.last->Pause();
  ResetClient(fd);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_FALSE(Happened("failed"));
}

TEST_F(ConnectionTest, APausedOneReportsAnEndWithNothingBeforeIt) {
  Listen();
  const int fd = Open();
  handler_.last->Pause();
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_TRUE(Happened("end"));
}

// A message that the thread pool inflates: what came behind it waits, and so does the end.
TEST_F(ConnectionTest, KeepsTheOrderOfWhatIsInflated) {
  const std::string large = CompressedFrame(std::string(300'000, 'a'));
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  InflateInThreads(*connection);
  handler_.NoteSizes();
  handler_.events.clear();
  Send(fd, large + MakeFrame(Opcode::kText, "x"));
  RunUntil([this] { return handler_.events.size() == 2; });
  Send(fd, large);
  RunUntil([connection] { return connection->inflating(); });
  Send(fd, MakeFrame(Opcode::kText, "yy"));
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(handler_.events,
            (std::vector<std::string>{"message of 300000", "message of 1", "message of 300000",
                                      "message of 2", "end", "closed"}));
}

// What the thread pool inflates is all that a peer gets memory for.
TEST_F(ConnectionTest, ReadsNothingWhileItInflates) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  InflateInThreads(*connection);
  BusyThreads busy(&uv_);
  const std::string large = CompressedFrame(std::string(300'000, 'a'));
  Send(fd, large);
  RunUntil([connection] { return connection->inflating(); });
  Send(fd, MakeFrame(Opcode::kText, "behind"));
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  // Nor does it where it is resumed meanwhile.
  connection->Pause();
  connection->Resume();
  for (int turn = 0; turn < 20; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_EQ(connection->received(), kRequest.size() + large.size());
  busy.Release();
  const std::string expected =
      Unmasked(Opcode::kBinary, std::string(300'000, 'a')) + Unmasked(Opcode::kText, "behind");
  EXPECT_EQ(Receive(fd, expected.size()), expected);
}

TEST_F(ConnectionTest, APausedOneThatBreaksWhileItInflatesDeliversWhatItHas) {
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  InflateInThreads(*connection);
  handler_.NoteSizes();
  BusyThreads busy(&uv_);
  handler_.events.clear();
  Send(fd, CompressedFrame(std::string(300'000, 'a')) + MakeFrame(Opcode::kText, "behind"));
  RunUntil([connection] { return connection->inflating(); });
  connection->Pause();
  ResetClient(fd);
  // Nothing is read meanwhile: a write finds it out.
  const std::string large(100'000, 'l');
  RunUntil([this, connection, &large] {
    connection->SendFrame({Opcode::kBinary}, ByteView(std::string_view(large)));
    return Happened("failed");
  });
  busy.Release();
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(handler_.events,
            (std::vector<std::string>{"failed", "message of 300000", "message of 6", "closed"}));
}

// A message that is read straight to where it stays spends what there is for the turn; what is read
// in the same poll behind it waits, and is not forgotten.
TEST_F(ConnectionTest, ReadsOnBehindALargeMessageThatHasSpentTheBudget) {
  handler_.spends_budget = true;
  Listen();
  const int fd = Open();
  handler_.last->set_record_limit(1);
  const std::string large(300'000, 'l');
  Send(fd, MakeFrame(Opcode::kBinary, large) + MakeFrame(Opcode::kText, "behind"));
  const std::string expected = Unmasked(Opcode::kBinary, large) + Unmasked(Opcode::kText, "behind");
  EXPECT_EQ(Receive(fd, expected.size()), expected);
}

TEST_F(ConnectionTest, TakesReadingForActivity) {
  handler_.on_message = [](Connection&) {};
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  const uint64_t first = connection->LastActivity();
  uv_sleep(20);
  Send(fd, MakeFrame(Opcode::kText, "x"));
  RunUntil([connection] { return connection->received() > kRequest.size(); });
  EXPECT_GE(connection->LastActivity(), first + 20);
  const uint64_t second = connection->LastActivity();
  uv_sleep(20);
  EXPECT_EQ(connection->LastActivity(), second);
  connection->SendFrame(FrameHeader(), ByteView("y"));
  for (int turn = 0; turn < 3; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  EXPECT_GE(connection->LastActivity(), second + 20);
}

// RFC 6455 5.3; the key is the user's once, where there is one.
TEST_F(ConnectionTest, MasksAClientsCloseFrames) {
  std::vector<std::string> keys;
  for (int i = 0; i < 4; i++) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    clients_.push_back(ends[1]);
    auto* connection = SocketConnection::Make(loop_.get(), &handler_, settings_, Role::kClient,
                                              SocketConnection::Kind::kPipe);
    ASSERT_EQ(connection->StartAdopted(ends[0], {}), 0);
    close(ends[0]);
    if (i == 3) connection->SetNextMaskingKey(reinterpret_cast<const uint8_t*>("1234"));
    connection->Close(1000, {});
    const std::string frame = Receive(ends[1], 8);
    ASSERT_EQ(frame.size(), 8u);
    EXPECT_EQ(frame.substr(0, 2), "\x88\x82");
    EXPECT_EQ(frame[6] ^ frame[2], 0x03);
    EXPECT_EQ(frame[7] ^ frame[3], static_cast<char>(0xE8));
    keys.push_back(frame.substr(2, 4));
  }
  EXPECT_FALSE(keys[0] == keys[1] && keys[1] == keys[2]);
  EXPECT_EQ(keys[3], "1234");
}

// The time for our side's closing handshake begins once, whatever else happens.
TEST_F(ConnectionTest, DoesNotWaitLongerForAPeerThatGoesOnTalking) {
  handler_.on_message = [](Connection& connection) { connection.Close(1000, {}); };
  settings_->close_timeout = 300;
  Listen();
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "x"));
  const uint64_t begun = Loop::Now();
  RunUntil([&] {
    uv_sleep(10);
    if (!Happened("closed")) {
      const std::string more = MakeFrame(Opcode::kText, "y");
      send(fd, more.data(), more.size(), MSG_NOSIGNAL);
    }
    return Happened("closed");
  });
  EXPECT_GE(Loop::Now() - begun, 290u);
}

TEST_F(ConnectionTest, GoesOnUnderTheSettingsThatItIsAcceptedWith) {
  handler_.decide = false;
  Listen();
  const int fd = Connect();
  Send(fd, kRequest + MakeFrame(Opcode::kText, "long"));
  RunUntil([this] { return Happened("upgrade 0"); });
  auto smaller = std::make_shared<ConnectionSettings>(*settings_);
  smaller->limits.max_payload = 3;
  handler_.last->Accept("101", smaller);
  RunUntil([this] { return Happened("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"); });
}

// Though reading had stopped, since it sent much too early.
TEST_F(ConnectionTest, SeesTheEndOfWhomItRefuses) {
  settings_->handshake_timeout = 60'000;
  handler_.decide = false;
  Listen();
  const int fd = Connect();
  Send(fd, kRequest);
  RunUntil([this] { return Happened("upgrade 0"); });
  Send(fd, std::string(100'000, 'e'));
  RunUntil([this] { return handler_.last->received() > kRequest.size() + 65'536; });
  handler_.last->Reject("403");
  EXPECT_EQ(ReceiveAll(fd), "403");
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(ConnectionTest, APausedOneFinishesNoLargeMessage) {
  int messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Open();
  Connection* connection = handler_.last;
  const std::string frame = MakeFrame(Opcode::kBinary, std::string(300'000, 'l'));
  Send(fd, frame.substr(0, 290'000));
  RunUntil([&] { return connection->received() == kRequest.size() + 290'000; });
  connection->Pause();
  Send(fd, frame.substr(290'000));
  RunUntil([&] { return connection->received() == kRequest.size() + frame.size(); });
  EXPECT_EQ(messages, 0);
  connection->Resume();
  RunUntil([&messages] { return messages == 1; });
}

TEST_F(ConnectionTest, ReadsNothingOfAPeerThatGoesBeforeTheDecision) {
  handler_.decide = false;
  int messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Connect();
  Send(fd, kRequest + MakeFrame(Opcode::kText, "early"));
  RunUntil([this] { return Happened("upgrade 0"); });
  ResetClient(fd);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 0);
}

TEST_F(ConnectionTest, WhatIsHeldComesBeforeAReset) {
  handler_.spends_budget = true;
  size_t messages = 0;
  handler_.on_message = [&messages](Connection&) { messages++; };
  Listen();
  const int fd = Open();
  std::string bytes;
  for (size_t i = 0; i < 5 * TurnBudget::kRecords; i++) bytes += MakeFrame(Opcode::kText, "");
  // Kept, so that the reset finds all of it.
  handler_.last->Pause();
  Send(fd, bytes);
  RunUntil([&] { return handler_.last->received() == kRequest.size() + bytes.size(); });
  ResetClient(fd);
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 5 * size_t{TurnBudget::kRecords});
  EXPECT_EQ(handler_.closed_status, UV_ECONNRESET);
  EXPECT_EQ(loop_->budget().held(), 0u);
}

// Where nothing more is delivered, a paused connection reads on to see its peer's end.
TEST_F(ConnectionTest, APausedOneThatHasClosedSeesThePeersEnd) {
  settings_->close_timeout = 60'000;
  handler_.on_message = [](Connection& connection) { connection.Pause(); };
  Listen();
  const int fd = Open();
  Send(fd, MakeFrame(Opcode::kText, "x") + MakeFrame(Opcode::kClose, ""));
  RunUntil([this] { return Happened("close 1005 "); });
  Send(fd, "what nobody wants");
  shutdown(fd, SHUT_WR);
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(ConnectionTest, DropsWhoDoesNotTakeItsRejection) {
  settings_->handshake_timeout = 0;  // Then it is the time for a closing handshake.
  Listen();
  const int fd = Connect();
  Send(fd, "garbage\r\n\r\n");
  EXPECT_EQ(ReceiveAll(fd).substr(0, 12), "HTTP/1.1 400");
  // It has ended its side only: the peer has not.
  EXPECT_FALSE(Happened("closed"));
  RunUntil([this] { return Happened("closed"); });
}

TEST_F(ConnectionTest, HasNoTimeLimitForAHeadThatHasCome) {
  handler_.decide = false;
  Listen();
  const int fd = Connect();
  Send(fd, kRequest);
  RunUntil([this] { return Happened("upgrade 0"); });
  const uint64_t begun = Loop::Now();
  RunUntil([begun] { return Loop::Now() > begun + 150; });
  EXPECT_EQ(handler_.events, std::vector<std::string>{"upgrade 0"});
  handler_.last->Accept("101", nullptr);
  EXPECT_EQ(Receive(fd, 3), "101");
}

TEST_F(ConnectionTest, HasNoTimeLimitsOnceItIsOver) {
  handler_.releases = false;
  Listen();
  const int fd = Connect();
  Send(fd, kRequest.substr(0, 20));
  RunUntil([this] { return loop_->open_sockets() == 2; });
  for (int turn = 0; turn < 3; turn++) uv_run(&uv_, UV_RUN_NOWAIT);
  ResetClient(fd);
  RunUntil([this] { return Happened("closed"); });
  const uint64_t begun = Loop::Now();
  RunUntil([begun] { return Loop::Now() > begun + 150; });
  EXPECT_EQ(handler_.events, std::vector<std::string>{"closed"});
  EXPECT_EQ(handler_.unreleased->stage(), Connection::Stage::kClosed);
  handler_.unreleased->Release();
}

TEST_F(ConnectionTest, TerminatingOffersWhatIsQueuedOnce) {
  Listen();
  const int fd = Open();
  handler_.on_message = [](Connection& connection) {
    connection.SendFrame(FrameHeader(), ByteView("last words"));
    connection.SendFrame(FrameHeader(), ByteView("of many"));
    connection.Terminate();
    EXPECT_TRUE(connection.muted());
    connection.SendFrame(FrameHeader(), ByteView("too late"));
  };
  Send(fd, MakeFrame(Opcode::kText, "x"));
  EXPECT_EQ(ReceiveAll(fd),
            Unmasked(Opcode::kBinary, "last words") + Unmasked(Opcode::kBinary, "of many"));
}

TEST_F(ConnectionTest, KnowsNoMessageBehindItsTermination) {
  handler_.stop_reading = false;
  int messages = 0;
  handler_.on_message = [&messages](Connection& connection) {
    if (messages++ == 0) connection.Pause();
  };
  Listen();
  const int fd = Open();
  handler_.last->Pause();
  Send(fd, MakeFrame(Opcode::kText, "kept"));
  RunUntil([this] { return handler_.last->received() > kRequest.size(); });
  handler_.last->Terminate();
  RunUntil([this] { return Happened("closed"); });
  EXPECT_EQ(messages, 0);
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
