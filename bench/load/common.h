#ifndef WSUV_BENCH_LOAD_COMMON_H_
#define WSUV_BENCH_LOAD_COMMON_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
#include <string>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

[[noreturn]] inline void Die(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

inline uint64_t Nanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
          .count());
}

/// A connected socket that blocks. Its own address is one of many, so that ports do not run out.
inline int ConnectTo(int port, uint32_t own = 0x7f000001) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  const int on = 1;
  if (own != 0x7f000001) {
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    address.sin_addr.s_addr = htonl(own);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Die("bind");
  }
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

inline void SendAll(int fd, const std::string& bytes) {
  if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    Die("send");
  }
}

inline std::string UpgradeRequest(const char* path, bool compressed) {
  return std::string("GET ") + path +
         " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         (compressed ? "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" : "\r\n");
}

inline bool IsWholeHead(const std::string& bytes) {
  return bytes.size() >= 4 && bytes.compare(bytes.size() - 4, 4, "\r\n\r\n") == 0;
}

inline void CheckAccepted(const std::string& response) {
  if (response.compare(0, 12, "HTTP/1.1 101") == 0) return;
  std::fprintf(stderr, "load: no 101 but: %s\n", response.c_str());
  std::exit(1);
}

/// Opens a WebSocket and waits until it is open. The socket blocks.
inline int OpenWebSocket(int port, const char* path, bool compressed) {
  const int fd = ConnectTo(port);
  SendAll(fd, UpgradeRequest(path, compressed));
  std::string response;
  char byte;
  while (!IsWholeHead(response)) {
    if (read(fd, &byte, 1) != 1) Die("handshake");
    response += byte;
  }
  CheckAccepted(response);
  return fd;
}

/// Latencies in buckets that grow by about 4%.
class Histogram {
 public:
  void Add(uint64_t nanoseconds) {
    const double position = std::log(static_cast<double>(nanoseconds) + 1) * 25;
    const size_t bucket = std::min(static_cast<size_t>(position), counts_.size() - 1);
    counts_[bucket]++;
    total_++;
  }
  uint64_t total() const { return total_; }
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

/// What loads a server, and what it has measured.
class Load {
 public:
  virtual ~Load() = default;
  virtual void Start(int port) = 0;
  virtual void RunFor(double seconds) = 0;

  void Measure(bool on) { measuring_ = on; }
  uint64_t messages() const { return messages_; }
  const Histogram& histogram() const { return histogram_; }

 protected:
  void Count(uint64_t messages) {
    if (measuring_) messages_ += messages;
  }
  void AddLatency(uint64_t nanoseconds) {
    if (measuring_) histogram_.Add(nanoseconds);
  }

 private:
  bool measuring_ = false;
  uint64_t messages_ = 0;
  Histogram histogram_;
};

}  // namespace load

#endif  // WSUV_BENCH_LOAD_COMMON_H_
