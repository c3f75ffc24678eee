#ifndef WSUV_BENCH_LOAD_SALVO_H_
#define WSUV_BENCH_LOAD_SALVO_H_

#include <poll.h>

#include "common.h"
#include "frames.h"

namespace load {

/// All connections send a message at once; when all have their answer, they do so again. The
/// latency is that of each answer.
class Salvo final : public Load {
 public:
  Salvo(int connections, const std::string& payload)
      : frame_(MakeFrame(kBinary, payload)),
        // The answer has no masking key.
        answer_size_(frame_.size() - 4),
        peers_(static_cast<size_t>(connections)) {}

  void Start(int port) override {
    for (Peer& peer : peers_) peer.fd = OpenWebSocket(port, "/", false);
  }

  void RunFor(double seconds) override {
    const uint64_t until = Nanoseconds() + static_cast<uint64_t>(seconds * 1e9);
    while (Nanoseconds() < until) Fire();
  }

 private:
  struct Peer {
    int fd = -1;
    uint64_t sent = 0;
    size_t to_come = 0;
  };

  void Fire() {
    for (Peer& peer : peers_) {
      peer.sent = Nanoseconds();
      peer.to_come = answer_size_;
      SendAll(peer.fd, frame_);
    }
    std::vector<pollfd> waiting;
    do {
      waiting.clear();
      for (const Peer& peer : peers_) {
        // Those that are done are left out by their descriptor.
        waiting.push_back({peer.to_come > 0 ? peer.fd : -1, POLLIN, 0});
      }
      if (poll(waiting.data(), waiting.size(), -1) < 0) Die("poll");
      for (size_t i = 0; i < peers_.size(); i++) {
        if (waiting[i].revents != 0) Receive(peers_[i]);
      }
    } while (std::any_of(peers_.begin(), peers_.end(),
                         [](const Peer& peer) { return peer.to_come > 0; }));
  }

  void Receive(Peer& peer) {
    char bytes[4096];
    const ssize_t got = recv(peer.fd, bytes, std::min(sizeof(bytes), peer.to_come), 0);
    if (got <= 0) Die("the server closed a connection");
    peer.to_come -= static_cast<size_t>(got);
    if (peer.to_come > 0) return;
    Count(1);
    AddLatency(Nanoseconds() - peer.sent);
  }

  std::string frame_;
  size_t answer_size_;
  std::vector<Peer> peers_;
};

}  // namespace load

#endif  // WSUV_BENCH_LOAD_SALVO_H_
