#include "transport/listener.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <string>

#include "support/echo_server.h"

namespace wsuv::test {
namespace {

class ListenerTest : public EchoServerTest {};

TEST_F(ListenerTest, ClosesTheListenerWhenTheLastConnectionIsGone) {
  Listen();
  settings_->handshake_timeout = 10'000;
  const int half = Connect();
  Send(half, kRequest.substr(0, 9));
  const int fd = Open();
  RunUntil([this] { return listener_->connections() == 2; });
  listener_->Close();
  // Who has begun is answered all the same.
  Send(half, kRequest.substr(9));
  EXPECT_EQ(Receive(half, 129).substr(0, 12), "HTTP/1.1 101");
  handler_.last->Terminate();
  EXPECT_EQ(ReceiveAll(half), "");
  EXPECT_FALSE(Happened("listener closed"));
  Send(fd, MakeFrame(Opcode::kText, "still"));
  EXPECT_EQ(Receive(fd, 7), Unmasked(Opcode::kText, "still"));
  close(fd);
  clients_.pop_back();
  RunUntil([this] { return Happened("listener closed"); });
  EXPECT_EQ(std::count(handler_.events.begin(), handler_.events.end(), "closed"), 2);
}

TEST_F(ListenerTest, ListensOnIpv6AndUnixSocketsAndReportsErrors) {
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

TEST_F(ListenerTest, CountsTheConnectionsThatHaveNotEnded) {
  Listen();
  EXPECT_EQ(listener_->connections(), 0u);
  const int fd = Open();
  Connect();
  RunUntil([this] { return listener_->connections() == 2; });
  handler_.last->Terminate();
  EXPECT_EQ(listener_->connections(), 1u);
  EXPECT_EQ(ReceiveAll(fd), "");
  listener_->DropHeads();
  EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(ListenerTest, DropsHeadsAndNothingElse) {
  Listen();
  const int fd = Open();
  handler_.decide = false;
  const int undecided = Connect();
  Send(undecided, kRequest);
  const int half = Connect();
  Send(half, kRequest.substr(0, 30));
  RunUntil([this] { return listener_->connections() == 3; });
  RunUntil([this] { return handler_.events.size() == 2; });
  listener_->DropHeads();
  EXPECT_EQ(ReceiveAll(half), "");
  EXPECT_EQ(listener_->connections(), 2u);
  Send(fd, MakeFrame(Opcode::kText, "on"));
  EXPECT_EQ(Receive(fd, 4), Unmasked(Opcode::kText, "on"));
}

TEST_F(ListenerTest, UsesNewSettingsForNewConnections) {
  Listen();
  const int before = Open();
  auto smaller = std::make_shared<ConnectionSettings>(*settings_);
  smaller->limits.max_payload = 3;
  listener_->set_settings(smaller);
  const int after = Open();
  Send(after, MakeFrame(Opcode::kText, "long"));
  RunUntil([this] { return Happened("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"); });
  Send(before, MakeFrame(Opcode::kText, "long"));
  EXPECT_EQ(Receive(before, 6), Unmasked(Opcode::kText, "long"));
}

TEST_F(ListenerTest, KeepsTheLoopAliveUnlessItIsUnreferenced) {
  Listen();
  EXPECT_NE(uv_loop_alive(&uv_), 0);
  listener_->SetRef(false);
  EXPECT_EQ(uv_loop_alive(&uv_), 0);
  listener_->SetRef(true);
  EXPECT_NE(uv_loop_alive(&uv_), 0);
}

TEST_F(ListenerTest, RefusesPathsThatWouldBeCut) {
  auto* pipe = new Listener(loop_.get(), &handler_, &handler_, settings_, true);
  EXPECT_EQ(pipe->Listen({"", 0, std::string("/tmp/a\0b", 8)}, 10), UV_EINVAL);
  auto* deep = new Listener(loop_.get(), &handler_, &handler_, settings_, true);
  EXPECT_EQ(deep->Listen({"", 0, "/tmp/" + std::string(200, 'x')}, 10), UV_EINVAL);
  RunUntil([this] {
    return std::count(handler_.events.begin(), handler_.events.end(), "listener closed") == 2;
  });
}

}  // namespace
}  // namespace wsuv::test
