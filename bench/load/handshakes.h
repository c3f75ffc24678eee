#ifndef WSUV_BENCH_LOAD_HANDSHAKES_H_
#define WSUV_BENCH_LOAD_HANDSHAKES_H_

#include <sys/epoll.h>

#include "common.h"

namespace load {

/// Opens a number of connections, closes each as RFC 6455 has it once it is open, and opens
/// another. What is counted is connections; the latency is that of the answer to the upgrade.
class Handshakes final : public Load {
 public:
  explicit Handshakes(int connections) : peers_(static_cast<size_t>(connections)) {}

  void Start(int port) override {
    port_ = port;
    epoll_ = epoll_create1(0);
    for (Peer& peer : peers_) Open(peer);
  }

  void RunFor(double seconds) override {
    const uint64_t until = Nanoseconds() + static_cast<uint64_t>(seconds * 1e9);
    epoll_event events[256];
    while (Nanoseconds() < until) {
      const int count = epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < count; i++) Serve(*static_cast<Peer*>(events[i].data.ptr));
    }
  }

 private:
  struct Peer {
    int fd = -1;
    bool open = false;
    uint64_t began = 0;
    std::string response;
  };

  void Open(Peer& peer) {
    peer.open = false;
    peer.response.clear();
    peer.began = Nanoseconds();
    // 127.0.1.0 to 127.0.1.255
    peer.fd = ConnectTo(port_, 0x7f000100 + next_address_++ % 256);
    SendAll(peer.fd, request_);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
  }

  void Serve(Peer& peer) {
    char bytes[4096];
    const ssize_t got = recv(peer.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      if (!peer.open) Die("the server closed a connection");
      close(peer.fd);
      Count(1);
      Open(peer);
    } else if (!peer.open) {
      peer.response.append(bytes, static_cast<size_t>(got));
      if (!IsWholeHead(peer.response)) return;
      CheckAccepted(peer.response);
      peer.open = true;
      AddLatency(Nanoseconds() - peer.began);
      // A close frame with the code 1000, masked with a key of zeros.
      SendAll(peer.fd, std::string("\x88\x82\0\0\0\0\x03\xe8", 8));
    }
  }

  const std::string request_ = UpgradeRequest("/", false);
  std::vector<Peer> peers_;
  int port_ = 0;
  int epoll_ = -1;
  uint32_t next_address_ = 0;
};

}  // namespace load

#endif  // WSUV_BENCH_LOAD_HANDSHAKES_H_
