#ifndef WSUV_TEST_SUPPORT_ECHO_SERVER_H_
#define WSUV_TEST_SUPPORT_ECHO_SERVER_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/deflate.h"
#include "support/frames.h"
#include "transport/compression.h"
#include "transport/connection.h"
#include "transport/listener.h"

namespace wsuv::test {

inline const std::string kRequest =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// What lib/ writes.
inline std::string Refusal(UpgradeStatus status) {
  std::string line = "400 Bad Request";
  if (status == UpgradeStatus::kNotAnUpgrade) line = "426 Upgrade Required";
  if (status == UpgradeStatus::kTooLarge) line = "431 Request Header Fields Too Large";
  if (status == UpgradeStatus::kTimedOut) line = "408 Request Timeout";
  return "HTTP/1.1 " + line + "\r\nConnection: close\r\n\r\n";
}

inline std::string Acceptance(const RequestHead& head) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         AcceptValue(head.Find("sec-websocket-key")) + "\r\n\r\n";
}

/// The frame of a compressed message, from a client.
inline std::string CompressedFrame(const std::string& text) {
  MessageBuffer packed;
  EXPECT_TRUE(DeflateStream::Make({})->Compress(ByteView(std::string_view(text)), true, packed));
  FrameSpec spec;
  spec.rsv = 4;
  return MakeFrame(spec, std::string(ByteView(packed.data(), packed.size()).text()));
}

/// Has the thread pool inflate what is larger than the frames of short messages.
inline void InflateInThreads(Connection& connection) {
  auto settings = std::make_shared<CompressionSettings>();
  settings->async_inflate_size = 1000;
  connection.UseCompression(settings);
}

/// Keeps all threads of libuv's pool busy, so that nothing comes of it, until Release().
class BusyThreads {
 public:
  explicit BusyThreads(uv_loop_t* loop) : loop_(loop) {
    gate_.lock();
    for (uv_work_t& job : jobs_) {
      job.data = this;
      uv_queue_work(loop, &job, Wait,
                    [](uv_work_t* done, int) { static_cast<BusyThreads*>(done->data)->left_--; });
    }
  }
  ~BusyThreads() {
    Release();
    while (left_ > 0) uv_run(loop_, UV_RUN_NOWAIT);
  }
  BusyThreads(const BusyThreads&) = delete;
  BusyThreads& operator=(const BusyThreads&) = delete;

  void Release() {
    if (is_busy_) gate_.unlock();
    is_busy_ = false;
  }

 private:
  static constexpr size_t kThreads = 4;  // As many as there are where nobody has said otherwise.

  static void Wait(uv_work_t* job) {
    const std::lock_guard<std::mutex> lock(static_cast<BusyThreads*>(job->data)->gate_);
  }

  uv_loop_t* loop_;
  std::mutex gate_;
  uv_work_t jobs_[kThreads];
  size_t left_ = kThreads;
  bool is_busy_ = true;
};

/// An echo server whose handler reacts at once, and notes what happens.
class EchoHandler : public ConnectionHandler, public ListenerHandler {
 public:
  std::vector<std::string> events;
  std::function<void(Connection&)> on_message;
  std::function<void(const Message&)> on_any;
  std::function<void()> on_error;
  std::string raw;
  Connection* last = nullptr;
  bool decide = true;
  bool stop_reading = false;
  bool spends_budget = false;
  bool releases = true;  // Otherwise whoever tests it does.
  Connection* unreleased = nullptr;
  int closed_status = 0;
  uint64_t written_at_end = 1;
  bool was_streamed = false;
  size_t streamed = 0;  // Bytes of messages that came in pieces.

  /// Answers no message, and notes how long each is.
  void NoteSizes() {
    on_any = [this](const Message& message) {
      events.push_back("message of " + std::to_string(message.data.size));
    };
  }

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
    if (on_any) {
      on_any(message);
    } else if (on_message) {
      on_message(connection);
    } else {
      FrameHeader header;
      header.opcode = message.binary ? Opcode::kBinary : Opcode::kText;
      connection.SendFrame(header, message.data);
    }
    if (spends_budget) return connection.loop().budget().Spend(message.data.size);
    return stop_reading ? Flow::kStop : Flow::kContinue;
  }
  Flow OnPiece(Connection& connection, const MessagePiece& piece) override {
    streamed += piece.data.size;
    if (piece.last) {
      was_streamed = true;
      const std::string size = std::to_string(streamed);
      connection.SendFrame({}, ByteView(std::string_view(size)));
    }
    if (spends_budget) return connection.loop().budget().Spend(piece.data.size);
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
    if (on_error) on_error();
    connection.ReactToError(code);
  }
  void OnPeerEnd(Connection& connection) override {
    events.push_back("end");
    connection.ReactToEnd();
  }
  void OnWritten(Connection&) override { events.push_back("written"); }
  void OnCompressed(Connection&) override {}
  void OnOutput(Connection&) override { events.push_back("output"); }
  void OnFailed(Connection&, int) override { events.push_back("failed"); }
  void OnClosed(Connection& connection, int error) override {
    written_at_end = connection.written();
    closed_status = error;
    events.push_back("closed");
    if (last == &connection) last = nullptr;
    if (releases) {
      connection.Release();
    } else {
      unreleased = &connection;
    }
  }
  void OnListenerClosed(Listener&) override { events.push_back("listener closed"); }
};

/// A loop with an echo server, and plain sockets as its clients.
class EchoServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    uv_loop_init(&uv_);
    loop_ = std::make_unique<Loop>(&uv_);
    StartLoop();
    settings_->handshake_timeout = 60;
    settings_->close_timeout = 60;
  }

  virtual void StartLoop() { loop_->Start(nullptr); }

  void TearDown() override {
    for (const int fd : clients_) close(fd);
    const auto closed = [this] {
      return std::count(handler_.events.begin(), handler_.events.end(), "closed");
    };
    const auto closed_before = closed();
    bool finished = false;
    loop_->Shutdown([&finished] { finished = true; });
    uv_run(&uv_, UV_RUN_DEFAULT);
    EXPECT_TRUE(finished);
    // Nobody is told, who may be gone by then.
    EXPECT_EQ(closed(), closed_before);
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
    // What is sent is there when the loop turns, and does not wait for an acknowledgement.
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    clients_.push_back(fd);
    return fd;
  }

  void Send(int fd, const std::string& bytes) {
    ASSERT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Closes a client's socket with a RST.
  void ResetClient(int fd) {
    const linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    clients_.erase(std::find(clients_.begin(), clients_.end(), fd));
  }

  // Runs the loop until `done`, or for much longer than anything here takes.
  void RunUntil(const std::function<bool()>& done, uint64_t most = 10000) {
    uv_timer_t guard;
    uv_timer_init(&uv_, &guard);
    bool expired = false;
    guard.data = &expired;
    uv_timer_start(
        &guard, [](uv_timer_t* timer) { *static_cast<bool*>(timer->data) = true; }, most, 0);
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

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_ECHO_SERVER_H_
