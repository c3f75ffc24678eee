// What the kernel costs: does what the servers in JavaScript do with the system calls that a server
// cannot go without, and nothing else. It parses no frames (all have the size that it is told, at
// most one is unfinished), unmasks nothing, and sends bytes that it has lying there.
//
//   limit echo|fan-out|handshake SIZE
//
// Prints its port; ends when its standard input does.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr char kResponse[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
constexpr size_t kMostAtOnce = 1024 * 1024;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

size_t HeaderSize(size_t payload) { return payload < 126 ? 2 : payload < 65536 ? 4 : 10; }

std::string MakeFrames(size_t payload) {
  std::string frame = "\x82";
  if (payload < 126) {
    frame += static_cast<char>(payload);
  } else {
    const int bits = payload < 65536 ? 16 : 64;
    frame += static_cast<char>(bits == 16 ? 126 : 127);
    for (int shift = bits - 8; shift >= 0; shift -= 8) {
      frame += static_cast<char>(payload >> shift);
    }
  }
  frame.append(payload, 'a');
  std::string frames;
  do frames += frame;
  while (frames.size() < kMostAtOnce);
  return frames;
}

enum class Mode { kEcho, kFanOut, kHandshake };

struct Peer {
  int fd;
  bool publishes = false;
  bool open = false;     // The handshake is done.
  bool blocked = false;  // The kernel took less than it was offered.
  uint64_t received = 0;
  uint64_t answered = 0;  // Frames.
  uint64_t to_send = 0;   // Bytes.
  size_t frame_at = 0;
};

class Server {
 public:
  Server(Mode mode, size_t payload)
      : mode_(mode),
        frames_(MakeFrames(payload)),
        frame_in_(HeaderSize(payload) + 4 + payload),
        frame_out_(HeaderSize(payload) + payload),
        buffer_(256 * 1024) {}

  void Listen() {
    listening_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const int on = 1;
    setsockopt(listening_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0) Die("bind");
    if (listen(listening_, 511) != 0) Die("listen");
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    epoll_ = epoll_create1(0);
    Watch(EPOLL_CTL_ADD, listening_, &listening_, EPOLLIN);
    Watch(EPOLL_CTL_ADD, STDIN_FILENO, nullptr, EPOLLIN);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  void Run() {
    epoll_event events[1024];
    for (;;) {
      const int count = epoll_wait(epoll_, events, 1024, -1);
      for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == nullptr) {
          return;
        } else if (events[i].data.ptr == &listening_) {
          Accept();
        } else {
          Serve(static_cast<Peer*>(events[i].data.ptr), events[i].events);
        }
      }
    }
  }

 private:
  void Watch(int operation, int fd, void* what, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.ptr = what;
    if (epoll_ctl(epoll_, operation, fd, &event) != 0) Die("epoll_ctl");
  }

  void Accept() {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) Die("accept4");
    Watch(EPOLL_CTL_ADD, fd, new Peer{fd}, EPOLLIN);
  }

  void Serve(Peer* peer, uint32_t events) {
    if ((events & EPOLLOUT) != 0) Flush(peer);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    const ssize_t got = read(peer->fd, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close(peer->fd);
      peers_.erase(std::remove(peers_.begin(), peers_.end(), peer), peers_.end());
      delete peer;
    } else if (!peer->open) {
      // The load generator sends its request at once, and waits for the answer.
      peer->open = true;
      peer->publishes = std::memcmp(buffer_.data(), "GET /publish", 12) == 0;
      if (mode_ == Mode::kFanOut && !peer->publishes) peers_.push_back(peer);
      if (write(peer->fd, kResponse, sizeof(kResponse) - 1) < 0) Die("write");
    } else if (mode_ == Mode::kHandshake) {
      // A close frame.
      if (write(peer->fd, "\x88\x02\x03\xe8", 4) < 0) Die("write");
      shutdown(peer->fd, SHUT_WR);
    } else {
      peer->received += static_cast<uint64_t>(got);
      const uint64_t whole = peer->received / frame_in_;
      const uint64_t bytes = (whole - peer->answered) * frame_out_;
      peer->answered = whole;
      if (mode_ == Mode::kEcho) {
        Send(peer, bytes);
      } else {
        for (Peer* subscriber : peers_) Send(subscriber, bytes);
      }
    }
  }

  void Send(Peer* peer, uint64_t bytes) {
    peer->to_send += bytes;
    Flush(peer);
  }

  void Flush(Peer* peer) {
    const bool was_blocked = peer->blocked;
    peer->blocked = false;
    while (peer->to_send > 0 && !peer->blocked) {
      const uint64_t offered = std::min<uint64_t>(peer->to_send, frames_.size() - peer->frame_at);
      const ssize_t wrote = send(peer->fd, frames_.data() + peer->frame_at, offered, MSG_NOSIGNAL);
      if (wrote < 0 && errno != EAGAIN) return;  // Reading finds out.
      if (wrote > 0) {
        peer->to_send -= static_cast<uint64_t>(wrote);
        peer->frame_at = (peer->frame_at + static_cast<size_t>(wrote)) % frame_out_;
      }
      peer->blocked = wrote < static_cast<ssize_t>(offered);
    }
    if (peer->blocked != was_blocked) {
      Watch(EPOLL_CTL_MOD, peer->fd, peer,
            EPOLLIN | (peer->blocked ? static_cast<uint32_t>(EPOLLOUT) : 0u));
    }
  }

  Mode mode_;
  std::string frames_;
  size_t frame_in_;
  size_t frame_out_;
  std::vector<char> buffer_;
  std::vector<Peer*> peers_;  // Those that a message goes to.
  int listening_ = -1;
  int epoll_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: limit echo|fan-out|handshake SIZE\n");
    return 2;
  }
  const std::string name = argv[1];
  const Mode mode = name == "echo"      ? Mode::kEcho
                    : name == "fan-out" ? Mode::kFanOut
                                        : Mode::kHandshake;
  Server server(mode, static_cast<size_t>(std::atoll(argv[2])));
  server.Listen();
  server.Run();
  return 0;
}
