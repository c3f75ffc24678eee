#ifndef WSUV_BENCH_LOAD_ATTACKS_H_
#define WSUV_BENCH_LOAD_ATTACKS_H_

#include <fcntl.h>
#include <poll.h>

#include <memory>
#include <utility>

#include "common.h"
#include "frames.h"

namespace load {

/// What somebody does to a server who means it harm, for as long as he is let.
class Attack {
 public:
  virtual ~Attack() = default;
  /// Does what can be done now, or waits for some milliseconds.
  virtual void Step() = 0;
  /// What was done: messages, requests, connections.
  uint64_t units() const { return units_; }

 protected:
  explicit Attack(int port) : port_(port) {}

  void Did(uint64_t units) { units_ += units; }
  int port() const { return port_; }

  /// A WebSocket whose socket does not block, or -1 where the server does not want one.
  int Open(const char* path, bool compressed) const {
    const int fd = ConnectTo(port_);
    const std::string request = UpgradeRequest(path, compressed);
    std::string response;
    char byte;
    Send(fd, request);
    while (!IsWholeHead(response)) {
      if (read(fd, &byte, 1) != 1) return Close(fd);
      response += byte;
    }
    if (response.compare(0, 12, "HTTP/1.1 101") != 0) return Close(fd);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
  }

  /// Closes at once and without a trace, so that ports do not run out.
  static int Close(int fd) {
    const linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
    return -1;
  }

  /// The server may have gone away meanwhile, which shows when one reads.
  static void Send(int fd, const std::string& bytes) {
    if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
        errno != ECONNRESET) {
      Die("send");
    }
  }

  static void Wait(int milliseconds) { poll(nullptr, 0, milliseconds); }

 private:
  int port_;
  uint64_t units_ = 0;
};

/// Sends one thing again and again, as fast as the server takes it, and reads what comes back.
class Flood final : public Attack {
 public:
  /// @param units How many messages `block` is.
  Flood(int port, const char* path, bool compressed, std::string block, uint64_t units)
      : Attack(port),
        path_(path),
        compressed_(compressed),
        block_(std::move(block)),
        units_in_block_(units) {}

  void Step() override {
    if (fd_ < 0) {
      Wait(1);
      fd_ = Open(path_, compressed_);
      at_ = 0;
      return;
    }
    pollfd waiting = {fd_, POLLIN | POLLOUT, 0};
    if (poll(&waiting, 1, 10) < 0 && errno != EINTR) Die("poll");
    if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !Drain()) return;
    if ((waiting.revents & POLLOUT) != 0) Push();
  }

 private:
  bool Drain() {
    const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return true;
    // Nothing else that comes back has such a byte. A server that has said so reads and forgets
    // what comes, for as long as it waits for an answer.
    if (got > 0 && memchr(buffer_.data(), kClose, static_cast<size_t>(got)) == nullptr) return true;
    fd_ = Close(fd_);
    return false;
  }

  void Push() {
    const ssize_t wrote =
        send(fd_, block_.data() + at_, block_.size() - at_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (wrote < 0) {
      if (errno != EAGAIN) fd_ = Close(fd_);
      return;
    }
    at_ += static_cast<size_t>(wrote);
    if (at_ < block_.size()) return;
    at_ = 0;
    Did(units_in_block_);
  }

  const char* path_;
  bool compressed_;
  std::string block_;
  uint64_t units_in_block_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  size_t at_ = 0;
  int fd_ = -1;
};

/// On each of some connections: sends one thing, waits for the answer, and sends it again.
class Exchange final : public Attack {
 public:
  /// @param units How many messages `block` is.
  /// @param answer_size In bytes, of all that comes back for it.
  Exchange(int port, int connections, std::string block, uint64_t units, size_t answer_size)
      : Attack(port),
        block_(std::move(block)),
        units_in_block_(units),
        answer_size_(answer_size),
        peers_(static_cast<size_t>(connections)),
        waiting_(peers_.size()) {}

  void Step() override {
    for (size_t i = 0; i < peers_.size(); i++) {
      Peer& peer = peers_[i];
      if (peer.fd < 0) peer = Peer{Open("/", false), 0, 0};
      const bool sends = peer.sent < block_.size();
      waiting_[i] = {peer.fd, static_cast<int16_t>(sends ? POLLIN | POLLOUT : POLLIN), 0};
    }
    if (poll(waiting_.data(), waiting_.size(), 10) < 0 && errno != EINTR) Die("poll");
    for (size_t i = 0; i < peers_.size(); i++) {
      if (waiting_[i].revents != 0) Serve(peers_[i]);
    }
  }

 private:
  struct Peer {
    int fd = -1;
    size_t sent = 0;
    size_t received = 0;
  };

  void Serve(Peer& peer) {
    if (peer.sent < block_.size()) {
      const size_t piece = std::min(block_.size() - peer.sent, buffer_.size());
      const ssize_t wrote =
          send(peer.fd, block_.data() + peer.sent, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (wrote > 0) peer.sent += static_cast<size_t>(wrote);
    }
    const ssize_t got = recv(peer.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
      peer.fd = Close(peer.fd);
      return;
    }
    if (got > 0) peer.received += static_cast<size_t>(got);
    if (peer.received < answer_size_) return;
    peer.sent = peer.received = 0;
    Did(units_in_block_);
  }

  std::string block_;
  uint64_t units_in_block_;
  size_t answer_size_;
  std::vector<Peer> peers_;
  std::vector<pollfd> waiting_;
  std::vector<char> buffer_ = std::vector<char>(1024 * 1024);
};

/// Many connections whose heads never end: a short line now and then.
class SlowHeads final : public Attack {
 public:
  SlowHeads(int port, int connections) : Attack(port), fds_(static_cast<size_t>(connections), -1) {}

  void Step() override {
    Wait(1);
    // Two a millisecond, so that 500 get four lines a second.
    for (int i = 0; i < 2; i++) Feed(fds_[next_++ % fds_.size()]);
  }

 private:
  void Feed(int& fd) {
    static const std::string kBegin = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    static const std::string kLine = "X-Line: one more\r\n";
    const bool is_new = fd < 0;
    if (is_new) fd = ConnectTo(port());
    const std::string& what = is_new ? kBegin : kLine;
    if (send(fd, what.data(), what.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
      fd = Close(fd);
    }
    Did(1);
  }

  std::vector<int> fds_;
  size_t next_ = 0;
};

/// Requests that must be read whole, one after the other, each on a connection of its own.
class Requests final : public Attack {
 public:
  Requests(int port, std::string request) : Attack(port), request_(std::move(request)) {}

  void Step() override {
    const int fd = ConnectTo(port());
    Send(fd, request_);
    char bytes[4096];
    pollfd waiting = {fd, POLLIN, 0};
    // What comes does not matter, if only the server has read the request.
    if (poll(&waiting, 1, 1000) > 0 && recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0) Did(1);
    Close(fd);
  }

 private:
  std::string request_;
};

/// Opens connections as fast as the server does, a number of them at a time, and drops each.
class ConnectStorm final : public Attack {
 public:
  ConnectStorm(int port, int connections)
      : Attack(port), waiting_(static_cast<size_t>(connections), pollfd{-1, POLLIN, 0}) {}

  void Step() override {
    for (pollfd& one : waiting_) {
      if (one.fd >= 0) continue;
      // 127.0.1.0 to 127.0.1.255
      one.fd = ConnectTo(port(), 0x7f000100 + next_address_++ % 256);
      Send(one.fd, request_);
    }
    if (poll(waiting_.data(), waiting_.size(), 10) < 0 && errno != EINTR) Die("poll");
    for (pollfd& one : waiting_) {
      if (one.revents == 0) continue;
      one.fd = Close(one.fd);
      Did(1);
    }
  }

 private:
  const std::string request_ = UpgradeRequest("/", false);
  std::vector<pollfd> waiting_;
  uint32_t next_address_ = 0;
};

/// Connections that want to have all that is broadcast, and read none of it.
class SlowReaders final : public Attack {
 public:
  SlowReaders(int port, int connections) : Attack(port) {
    for (int i = 0; i < connections; i++) {
      Open("/read", false);
      Did(1);
    }
  }

  void Step() override { Wait(10); }
};

}  // namespace load

#endif  // WSUV_BENCH_LOAD_ATTACKS_H_
