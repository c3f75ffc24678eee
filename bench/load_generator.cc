// Loads an echo server: opens connections, keeps a number of messages in flight on each, and
// measures. Prints "start" and "end" around the measurement, so that whoever runs it can read the
// server's CPU time at these moments, and then one line of JSON.
//
//   load_generator PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP_SECONDS SECONDS text|binary

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "load_generator: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

uint64_t Nanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
          .count());
}

// One masked client frame of `size` bytes of payload.
std::string MakeFrame(size_t size, bool text) {
  std::string frame;
  frame += static_cast<char>(text ? 0x81 : 0x82);
  if (size < 126) {
    frame += static_cast<char>(0x80 | size);
  } else if (size < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(size >> 8);
    frame += static_cast<char>(size);
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(size >> shift);
  }
  const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
  frame.append(reinterpret_cast<const char*>(key), 4);
  for (size_t i = 0; i < size; i++) {
    frame += static_cast<char>(("abcdefghijklmnopqrstuvwxyz"[i % 26]) ^ key[i % 4]);
  }
  return frame;
}

// Latencies in buckets that grow by about 4%.
class Histogram {
 public:
  void Add(uint64_t nanoseconds) {
    const double position = std::log(static_cast<double>(nanoseconds) + 1) * 25;
    const size_t bucket = std::min(static_cast<size_t>(position), counts_.size() - 1);
    counts_[bucket]++;
    total_++;
  }
  double Quantile(double q) const {
    const double wanted = q * static_cast<double>(total_);
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); i++) {
      seen += counts_[i];
      if (static_cast<double>(seen) >= wanted)
        return std::exp((static_cast<double>(i) + 1) / 25) / 1000;
    }
    return 0;
  }

 private:
  std::vector<uint64_t> counts_ = std::vector<uint64_t>(1000);
  uint64_t total_ = 0;
};

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

class Load {
 public:
  Load(int connections, int in_flight, size_t size, bool text)
      : frame_size_(MakeFrame(size, text).size()), in_flight_(in_flight), peers_(connections) {
    const std::string frame = MakeFrame(size, text);
    do frames_ += frame;
    while (frames_.size() < kMostAtOnce && frames_.size() < frame_size_ * in_flight);
  }

  void Connect(int port) {
    epoll_ = epoll_create1(0);
    for (Peer& peer : peers_) {
      peer.fd = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<uint16_t>(port));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (connect(peer.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
        Die("connect");
      }
      const int on = 1;
      setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      const std::string request =
          "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
      if (write(peer.fd, request.data(), request.size()) < 0) Die("write");
      std::string response;
      char byte;
      while (response.size() < 4 || response.compare(response.size() - 4, 4, "\r\n\r\n") != 0) {
        if (read(peer.fd, &byte, 1) != 1) Die("handshake");
        response += byte;
      }
      if (response.compare(0, 12, "HTTP/1.1 101") != 0) Die("no 101");
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.ptr = &peer;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
    }
  }

  void Start() {
    for (Peer& peer : peers_) Send(peer, in_flight_);
  }

  void RunFor(double seconds) {
    const uint64_t until = Nanoseconds() + static_cast<uint64_t>(seconds * 1e9);
    epoll_event events[256];
    while (Nanoseconds() < until) {
      const int count = epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < count; i++)
        Serve(*static_cast<Peer*>(events[i].data.ptr), events[i].events);
    }
  }

  void Measure(bool on) { measuring_ = on; }
  uint64_t messages() const { return messages_; }
  const Histogram& histogram() const { return histogram_; }

 private:
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
    const uint64_t now = Nanoseconds();
    for (int i = 0; i < echoes; i++) {
      if (measuring_) histogram_.Add(now - peer.sent.front());
      peer.sent.pop_front();
    }
    if (measuring_) messages_ += static_cast<uint64_t>(echoes);
    Send(peer, echoes);
  }

  static constexpr size_t kMostAtOnce = 1024 * 1024;

  std::string frames_;  // One after the other, as many as are sent at once.
  size_t frame_size_;
  int in_flight_;
  std::vector<Peer> peers_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(1024 * 1024);
  int epoll_ = -1;
  bool measuring_ = false;
  uint64_t messages_ = 0;
  Histogram histogram_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(
        stderr,
        "usage: load_generator PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP SECONDS text|binary\n");
    return 2;
  }
  Load load(std::atoi(argv[2]), std::atoi(argv[3]), static_cast<size_t>(std::atoll(argv[4])),
            std::string(argv[7]) == "text");
  load.Connect(std::atoi(argv[1]));
  load.Start();
  load.RunFor(std::atof(argv[5]));
  load.Measure(true);
  std::puts("start");
  std::fflush(stdout);
  const uint64_t begin = Nanoseconds();
  load.RunFor(std::atof(argv[6]));
  const double seconds = static_cast<double>(Nanoseconds() - begin) / 1e9;
  load.Measure(false);
  std::puts("end");
  std::printf(
      "{\"messages\":%llu,\"seconds\":%.4f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n",
      static_cast<unsigned long long>(load.messages()), seconds, load.histogram().Quantile(0.5),
      load.histogram().Quantile(0.9), load.histogram().Quantile(0.99),
      load.histogram().Quantile(0.999));
  std::fflush(stdout);
  // Goes on a little, so that the server is still at work when its CPU time is read.
  load.RunFor(0.2);
  return 0;
}
