#include "transport/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/frames.h"
#include "transport/listener.h"
#include "transport/socket_connection.h"

namespace wsuv::test {
namespace {

const std::string kRequest =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// What lib/ writes.
std::string Refusal(UpgradeStatus status) {
  std::string line = "400 Bad Request";
  if (status == UpgradeStatus::kNotAnUpgrade) line = "426 Upgrade Required";
  if (status == UpgradeStatus::kTooLarge) line = "431 Request Header Fields Too Large";
  if (status == UpgradeStatus::kTimedOut) line = "408 Request Timeout";
  return "HTTP/1.1 " + line + "\r\nConnection: close\r\n\r\n";
}

std::string Acceptance(const RequestHead& head) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         AcceptValue(head.Find("sec-websocket-key")) + "\r\n\r\n";
}

// An echo server whose handler reacts at once.
class EchoHandler : public ConnectionHandler, public ListenerHandler {
 public:
  std::vector<std::string> events;
  std::function<void(Connection&)> on_message;
  std::string raw;
  Connection* last = nullptr;
  bool decide = true;
  bool stop_reading = false;
  bool spends_budget = false;
  int closed_status = 0;

  void OnUpgrade(Connection& connection, UpgradeStatus status, std::string_view,
                 const RequestHead* head) override {
    last = &connection;
    events.push_back("upgrade " + std::to_string(static_cast<int>(status)));
    if (status != UpgradeStatus::kValid) {
      connection.Reject(Refusal(status));
    } else if (decide) {
      connection.Accept(Acceptance(*head), nullptr);
    }
  }
  void OnRaw(Connection&, ByteView bytes) override { raw += bytes.text(); }
  Flow OnMessage(Connection& connection, const Message& message) override {
    if (on_message) {
      on_message(connection);
    } else {
      FrameHeader header;
      header.opcode = message.binary ? Opcode::kBinary : Opcode::kText;
      connection.SendFrame(header, message.data);
    }
    if (spends_budget) return connection.loop().budget().Spend(message.data.size);
    return stop_reading ? Flow::kStop : Flow::kContinue;
  }
  Flow OnPing(Connection& connection, ByteView payload) override {
    FrameHeader header;
    header.opcode = Opcode::kPong;
    connection.SendFrame(header, payload);
    return Flow::kContinue;
  }
  Flow OnPong(Connection&, ByteView) override { return Flow::kContinue; }
  void OnPeerClose(Connection& connection, uint16_t code, ByteView reason) override {
    events.push_back("close " + std::to_string(code) + " " + std::string(reason.text()));
    connection.ReactToClose(code, reason);
  }
  void OnProtocolError(Connection& connection, ErrorCode code, uint32_t,
                       std::string_view) override {
    events.push_back(DescribeError(code).name);
    connection.ReactToError(code);
  }
  void OnPeerEnd(Connection& connection) override {
    events.push_back("end");
    connection.ReactToEnd();
  }
  void OnWritten(Connection&) override { events.push_back("written"); }
  void OnCompressed(Connection&) override {}
  void OnOutput(Connection&) override {}
  void OnClosed(Connection& connection, int error) override {
    closed_status = error;
    events.push_back("closed");
    if (last == &connection) last = nullptr;
    connection.Release();
  }
  void OnListenerClosed(Listener&) override { events.push_back("listener closed"); }
};

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    uv_loop_init(&uv_);
    loop_ = std::make_unique<Loop>(&uv_);
    loop_->Start(nullptr);
    settings_->handshake_timeout = 60;
    settings_->close_timeout = 60;
  }

  void TearDown() override {
    for (const int fd : clients_) close(fd);
    bool finished = false;
    loop_->Shutdown([&finished] { finished = true; });
    uv_run(&uv_, UV_RUN_DEFAULT);
    EXPECT_TRUE(finished);
    EXPECT_EQ(loop_->open_handles(), 0u);
    EXPECT_EQ(uv_loop_close(&uv_), 0);
  }

  int Listen(const std::string& host = "127.0.0.1") {
    listener_ = new Listener(loop_.get(), &handler_, &handler_, settings_, false);
    EXPECT_EQ(listener_->Listen({host, 0, ""}, 10), 0);
    sockaddr_storage address;
    EXPECT_EQ(listener_->GetAddress(&address), 0);
    port_ = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
    return port_;
  }

  int Connect() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    clients_.push_back(fd);
    return fd;
  }

  void Send(int fd, const std::string& bytes) {
    ASSERT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Runs the loop until `done`, or for much longer than anything here takes.
  void RunUntil(const std::function<bool()>& done) {
    uv_timer_t guard;
    uv_timer_init(&uv_, &guard);
    bool expired = false;
    guard.data = &expired;
    uv_timer_start(
        &guard, [](uv_timer_t* timer) { *static_cast<bool*>(timer->data) = true; }, 10000, 0);
    uv_idle_t idle;  // Keeps the loop from blocking, since the clients are not on it.
    uv_idle_init(&uv_, &idle);
    uv_idle_start(&idle, [](uv_idle_t*) {});
    while (!done() && !expired) uv_run(&uv_, UV_RUN_NOWAIT);
    EXPECT_FALSE(expired);
    uv_close(reinterpret_cast<uv_handle_t*>(&guard), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&idle), nullptr);
    uv_run(&uv_, UV_RUN_NOWAIT);
  }

  // Reads until `size` bytes have come or the server has ended; *ended tells which.
  std::string Receive(int fd, size_t size, bool* ended = nullptr) {
    std::string bytes;
    bool is_end = false;
    RunUntil([&] {
      char buffer[65536];
      const size_t want = std::min(sizeof(buffer), size - bytes.size());
      const ssize_t count = want == 0 ? 0 : recv(fd, buffer, want, MSG_DONTWAIT);
      if (count > 0) bytes.append(buffer, static_cast<size_t>(count));
      is_end = want > 0 && (count == 0 || (count < 0 && errno != EAGAIN));
      return bytes.size() == size || is_end;
    });
    if (ended != nullptr) *ended = is_end;
    return bytes;
  }

  std::string ReceiveAll(int fd) { return Receive(fd, SIZE_MAX); }

  int Open() {
    const int fd = Connect();
    Send(fd, kRequest);
    EXPECT_EQ(Receive(fd, 129).substr(0, 12), "HTTP/1.1 101");
    return fd;
  }

  bool Happened(const std::string& event) const {
    return std::find(handler_.events.begin(), handler_.events.end(), event) !=
           handler_.events.end();
  }

  std::string Unmasked(Opcode opcode, const std::string& payload) {
    return MakeFrame(opcode, payload, true, false);
  }

  uv_loop_t uv_;
  std::unique_ptr<Loop> loop_;
  std::shared_ptr<ConnectionSettings> settings_ = std::make_shared<ConnectionSettings>();
  EchoHandler handler_;
  Listener* listener_ = nullptr;
  int port_ = 0;
  std::vector<int> clients_;
};

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

TEST_F(ConnectionTest, KeepsWhatTheKernelDoesNotTake) {
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

TEST_F(ConnectionTest, ClosesTheListenerWhenTheLastConnectionIsGone) {
  Listen();
  const int half = Connect();
  Send(half, "GET /");
  const int fd = Open();
  listener_->Close();
  EXPECT_EQ(ReceiveAll(half), "");
  EXPECT_FALSE(Happened("listener closed"));
  Send(fd, MakeFrame(Opcode::kText, "still"));
  EXPECT_EQ(Receive(fd, 7), Unmasked(Opcode::kText, "still"));
  close(fd);
  clients_.pop_back();
  RunUntil([this] { return Happened("listener closed"); });
  EXPECT_TRUE(Happened("closed"));
}

TEST_F(ConnectionTest, ListensOnIpv6AndUnixSocketsAndReportsErrors) {
  auto* v6 = new Listener(loop_.get(), &handler_, &handler_, settings_, false);
  EXPECT_EQ(v6->Listen({"::1", 0, ""}, 10), 0);
  const std::string path = testing::TempDir() + "wsuv_connection_test.sock";
  unlink(path.c_str());
  auto* pipe = new Listener(loop_.get(), &handler_, &handler_, settings_, true);
  EXPECT_EQ(pipe->Listen({"", 0, path}, 10), 0);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  clients_.push_back(fd);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  Send(fd, kRequest + MakeFrame(Opcode::kText, "unix"));
  EXPECT_EQ(Receive(fd, 135).substr(129), Unmasked(Opcode::kText, "unix"));

  Listen();
  auto* taken = new Listener(loop_.get(), &handler_, &handler_, settings_, false);
  EXPECT_EQ(taken->Listen({"127.0.0.1", port_, ""}, 10), UV_EADDRINUSE);
  auto* nowhere = new Listener(loop_.get(), &handler_, &handler_, settings_, false);
  EXPECT_EQ(nowhere->Listen({"no address", 0, ""}, 10), UV_EINVAL);
}

TEST_F(ConnectionTest, TakesASocketOver) {
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

TEST_F(ConnectionTest, SaysThatASocketCannotBeTakenOver) {
  auto* connection = SocketConnection::Make(loop_.get(), &handler_, settings_, Role::kServer,
                                            SocketConnection::Kind::kTcp);
  EXPECT_EQ(connection->StartAdopted(-1, {}), UV_EBADF);
  RunUntil([this] { return Happened("closed"); });
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
