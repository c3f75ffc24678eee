// The well-behaved users of a server that somebody else attacks: CONNECTIONS that together send
// RATE messages a second, evenly, whatever the server does, to a server that echoes, and a new
// client every 50 milliseconds. Prints "open" when the connections are, "start" and "end" around
// the measurement, and then one line of JSON.
//
//   neighbours PORT CONNECTIONS RATE WARM_UP_SECONDS SECONDS
//
// A message's latency runs from the moment at which it was due. What has no answer in the end
// counts as if the answer came then, so that a server that answers nobody is not quick.

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <cstdio>
#include <deque>
#include <list>
#include <string>

#include "common.h"
#include "frames.h"

namespace {

using load::Histogram;
using load::Nanoseconds;

constexpr size_t kPayload = 20;
constexpr uint64_t kNewClientEvery = 50'000'000;  // Nanoseconds.

struct Peer {
  bool is_new = false;  // It is a new client: what counts is when it is open.
  bool asked = false;   // A new client's request is sent.
  int fd = -1;
  uint64_t began = 0;
  size_t received = 0;
  std::string response;
  std::deque<uint64_t> due;  // When the messages without an answer were due.
};

class Neighbours {
 public:
  Neighbours(int port, int connections, double rate)
      : port_(port), interval_(static_cast<uint64_t>(1e9 / rate)) {
    epoll_ = epoll_create1(0);
    for (int i = 0; i < connections; i++) {
      Peer& peer = peers_.emplace_back();
      peer.fd = load::OpenWebSocket(port, "/", false);
      Watch(peer, EPOLLIN);
    }
    next_peer_ = peers_.begin();
    timer_ = timerfd_create(CLOCK_MONOTONIC, 0);
    itimerspec every = {};
    every.it_interval.tv_nsec = every.it_value.tv_nsec = static_cast<long>(interval_);
    timerfd_settime(timer_, 0, &every, nullptr);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
    next_due_ = next_client_ = Nanoseconds();
  }

  void RunFor(double seconds) {
    const uint64_t until = Nanoseconds() + static_cast<uint64_t>(seconds * 1e9);
    epoll_event events[256];
    while (Nanoseconds() < until) {
      const int count = epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == nullptr) {
          uint64_t expired;
          if (read(timer_, &expired, sizeof(expired)) < 0) load::Die("timer");
        } else {
          Serve(*static_cast<Peer*>(events[i].data.ptr));
        }
      }
      SendWhatIsDue();
      dead_.clear();
    }
  }

  void Begin() { measuring_since_ = Nanoseconds(); }

  void End() {
    const uint64_t now = Nanoseconds();
    for (Peer& peer : peers_) {
      for (const uint64_t due : peer.due) Add(latency_, due, now);
    }
    for (Peer& client : new_clients_) Add(opening_, client.began, now);
    measuring_since_ = UINT64_MAX;
  }

  void Print(double seconds) const {
    std::printf("{\"messages\":%llu,\"seconds\":%.4f,\"lost\":%d,\"refused\":%d",
                static_cast<unsigned long long>(latency_.total()), seconds, lost_, refused_);
    std::printf(",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f", latency_.Quantile(0.5),
                latency_.Quantile(0.99), latency_.Quantile(0.999));
    std::printf(",\"open50\":%.1f,\"open99\":%.1f}\n", opening_.Quantile(0.5),
                opening_.Quantile(0.99));
    std::fflush(stdout);
  }

 private:
  void Add(Histogram& histogram, uint64_t began, uint64_t ended) {
    // What began before the measurement is in it, too: it is what a slow server is slow with.
    if (ended >= measuring_since_) histogram.Add(ended - began);
  }

  void Watch(Peer& peer, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
  }

  void SendWhatIsDue() {
    const uint64_t now = Nanoseconds();
    while (next_due_ <= now) {
      Send(*next_peer_);
      if (++next_peer_ == peers_.end()) next_peer_ = peers_.begin();
      next_due_ += interval_;
    }
    while (next_client_ <= now) {
      OpenClient();
      next_client_ += kNewClientEvery;
    }
  }

  void Send(Peer& peer) {
    if (peer.fd < 0) return;
    const ssize_t wrote = send(peer.fd, frame_.data(), frame_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (wrote != static_cast<ssize_t>(frame_.size())) return Lose(peer);
    peer.due.push_back(next_due_);
  }

  void OpenClient() {
    Peer& client = new_clients_.emplace_back();
    client.is_new = true;
    client.began = next_client_;
    client.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 &&
        errno != EINPROGRESS) {
      load::Die("connect");
    }
    // Writable once it is connected; the request goes out then.
    Watch(client, EPOLLOUT);
  }

  void Serve(Peer& peer) {
    if (peer.fd < 0) return;
    if (peer.is_new && !peer.asked) return Ask(peer);
    char bytes[4096];
    const ssize_t got = recv(peer.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (peer.is_new) return ReadResponse(peer, bytes, got);
    if (got <= 0) return Lose(peer);
    const uint64_t now = Nanoseconds();
    peer.received += static_cast<size_t>(got);
    while (peer.received >= kAnswer && !peer.due.empty()) {
      peer.received -= kAnswer;
      Add(latency_, peer.due.front(), now);
      peer.due.pop_front();
    }
  }

  void Ask(Peer& client) {
    const ssize_t wrote = send(client.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (wrote != static_cast<ssize_t>(request_.size())) {
      refused_++;
      return Close(client);
    }
    client.asked = true;
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = &client;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &event);
  }

  void ReadResponse(Peer& client, const char* bytes, ssize_t got) {
    if (got > 0) {
      client.response.append(bytes, static_cast<size_t>(got));
      if (!load::IsWholeHead(client.response)) return;
    }
    if (client.response.compare(0, 12, "HTTP/1.1 101") != 0) refused_++;
    Add(opening_, client.began, Nanoseconds());
    Close(client);
  }

  // What it still has to say in this turn of the loop finds a descriptor that is gone.
  void Close(Peer& client) {
    close(client.fd);
    client.fd = -1;
    for (auto it = new_clients_.begin(); it != new_clients_.end(); ++it) {
      if (&*it != &client) continue;
      dead_.splice(dead_.end(), new_clients_, it);
      return;
    }
  }

  // The server has dropped somebody who has done nothing wrong.
  void Lose(Peer& peer) {
    lost_++;
    close(peer.fd);
    peer.fd = -1;
  }

  static constexpr size_t kAnswer = 2 + kPayload;

  const std::string frame_ = load::MakeFrame(load::kBinary, load::MakePayload(kPayload));
  const std::string request_ = load::UpgradeRequest("/", false);
  int port_;
  uint64_t interval_;
  std::list<Peer> peers_;
  std::list<Peer>::iterator next_peer_;
  std::list<Peer> new_clients_;
  std::list<Peer> dead_;
  uint64_t next_due_ = 0;
  uint64_t next_client_ = 0;
  uint64_t measuring_since_ = UINT64_MAX;
  Histogram latency_;
  Histogram opening_;
  int lost_ = 0;
  int refused_ = 0;
  int epoll_ = -1;
  int timer_ = -1;
};

void Say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: neighbours PORT CONNECTIONS RATE WARM_UP SECONDS\n");
    return 2;
  }
  Neighbours neighbours(std::atoi(argv[1]), std::atoi(argv[2]), std::atof(argv[3]));
  Say("open");
  neighbours.RunFor(std::atof(argv[4]));
  Say("start");
  neighbours.Begin();
  const uint64_t begin = Nanoseconds();
  neighbours.RunFor(std::atof(argv[5]));
  neighbours.End();
  Say("end");
  neighbours.Print(static_cast<double>(Nanoseconds() - begin) / 1e9);
  return 0;
}
