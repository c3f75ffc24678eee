#ifndef WSUV_BENCH_LOAD_MESSAGES_H_
#define WSUV_BENCH_LOAD_MESSAGES_H_

#include <sys/epoll.h>

#include <deque>

#include "common.h"

namespace load {

struct Peer {
  int fd = -1;
  uint64_t to_send = 0;  // Bytes of frames that the kernel has not taken.
  size_t frame_at = 0;   // How far into a frame they begin.
  bool blocked = false;
  std::deque<uint64_t> sent;  // When the messages in flight were sent.
  uint8_t header[10];
  size_t header_have = 0;
  uint64_t payload_left = 0;
};

/// Keeps messages in flight, and reads what comes back.
class Messages final : public Load {
 public:
  Messages(int connections, int in_flight, const std::string& frame, const std::string& kind)
      : frame_size_(frame.size()),
        in_flight_(in_flight),
        fans_out_(kind.compare(0, 7, "fan-out") == 0),
        compressed_(kind == "fan-out-compressed"),
        peers_(connections) {
    do frames_ += frame;
    while (frames_.size() < kMostAtOnce && frames_.size() < frame_size_ * in_flight);
  }

  void Start(int port) override {
    epoll_ = epoll_create1(0);
    for (Peer& peer : peers_) Connect(peer, port, "/subscribe", compressed_);
    if (fans_out_) {
      Connect(publisher_, port, "/publish", false);
      Send(publisher_, in_flight_);
    } else {
      for (Peer& peer : peers_) Send(peer, in_flight_);
    }
  }

  void RunFor(double seconds) override {
    const uint64_t until = Nanoseconds() + static_cast<uint64_t>(seconds * 1e9);
    epoll_event events[256];
    while (Nanoseconds() < until) {
      const int count = epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < count; i++)
        Serve(*static_cast<Peer*>(events[i].data.ptr), events[i].events);
    }
  }

 private:
  void Connect(Peer& peer, int port, const char* path, bool compressed) {
    peer.fd = OpenWebSocket(port, path, compressed);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
  }

  void Send(Peer& peer, int count) {
    if (count == 0) return;
    const uint64_t now = Nanoseconds();
    for (int i = 0; i < count; i++) peer.sent.push_back(now);
    peer.to_send += frame_size_ * static_cast<uint64_t>(count);
    Flush(peer);
  }

  void Flush(Peer& peer) {
    const bool was_blocked = peer.blocked;
    peer.blocked = false;
    while (peer.to_send > 0 && !peer.blocked) {
      const uint64_t offered = std::min<uint64_t>(peer.to_send, frames_.size() - peer.frame_at);
      const ssize_t wrote =
          send(peer.fd, frames_.data() + peer.frame_at, offered, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (wrote < 0 && errno != EAGAIN) Die("send");
      if (wrote > 0) {
        peer.to_send -= static_cast<uint64_t>(wrote);
        peer.frame_at = (peer.frame_at + static_cast<size_t>(wrote)) % frame_size_;
      }
      peer.blocked = wrote < static_cast<ssize_t>(offered);
    }
    if (peer.blocked != was_blocked) Watch(peer);
  }

  void Watch(Peer& peer) {
    epoll_event event = {};
    event.events = EPOLLIN | (peer.blocked ? static_cast<uint32_t>(EPOLLOUT) : 0u);
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event);
  }

  void Serve(Peer& peer, uint32_t events) {
    if ((events & EPOLLOUT) != 0) Flush(peer);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    const ssize_t got = recv(peer.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) Die("the server closed a connection");
    int echoes = 0;
    size_t at = 0;
    const auto size = static_cast<size_t>(got);
    while (at < size) {
      if (peer.payload_left > 0) {
        const size_t take = static_cast<size_t>(std::min<uint64_t>(peer.payload_left, size - at));
        peer.payload_left -= take;
        at += take;
        if (peer.payload_left == 0) echoes++;
        continue;
      }
      peer.header[peer.header_have++] = buffer_[at++];
      if (peer.header_have < 2) continue;
      const uint8_t length = peer.header[1];
      const size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (peer.header_have < 2 + extra) continue;
      uint64_t payload = extra == 0 ? length : 0;
      for (size_t i = 0; i < extra; i++) payload = payload << 8 | peer.header[2 + i];
      peer.header_have = 0;
      peer.payload_left = payload;
      if (payload == 0) echoes++;
    }
    Count(static_cast<uint64_t>(echoes));
    if (!fans_out_) {
      Finish(peer, echoes);
      return;
    }
    delivered_ += static_cast<uint64_t>(echoes);
    const uint64_t done = delivered_ / peers_.size();
    Finish(publisher_, static_cast<int>(done - done_));
    done_ = done;
  }

  // The oldest `count` messages of `peer` are where they should be: the next ones go out.
  void Finish(Peer& peer, int count) {
    const uint64_t now = Nanoseconds();
    for (int i = 0; i < count; i++) {
      AddLatency(now - peer.sent.front());
      peer.sent.pop_front();
    }
    Send(peer, count);
  }

  static constexpr size_t kMostAtOnce = 1024 * 1024;

  std::string frames_;  // One after the other, as many as are sent at once.
  size_t frame_size_;
  int in_flight_;
  bool fans_out_;
  bool compressed_;
  std::vector<Peer> peers_;
  Peer publisher_;
  uint64_t delivered_ = 0;
  uint64_t done_ = 0;  // Messages that all have.
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(1024 * 1024);
  int epoll_ = -1;
};

}  // namespace load

#endif  // WSUV_BENCH_LOAD_MESSAGES_H_
