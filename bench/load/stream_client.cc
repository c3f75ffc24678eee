// Sends bytes through an echo server, as fast as they come back:
//
//   stream_client PORT MEBIBYTES HOW PAYLOAD_FILE COMPRESSED
//
// HOW is "message" (all of them are one message) or "messages" (of 64 KiB each, as
// createWebSocketStream() of ws makes them). The file has what a frame of such 64 KiB has; where it
// is COMPRESSED (0 or 1), it ends as RFC 7692 7.2.1 says that only what is not a message's end
// does. Prints how many bytes came back: of compressed messages, by their ends.

#include <poll.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "common.h"
#include "frames.h"

namespace {

constexpr uint64_t kFrame = 64 * 1024;
constexpr size_t kReadSize = 256 * 1024;
constexpr size_t kTail = 4;
constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv1 = 0x40;
constexpr uint8_t kFirst = 0x02;
constexpr uint8_t kContinuation = 0x00;
constexpr uint8_t kLeastControl = 0x08;

/// What is sent, frame by frame.
class Source {
 public:
  Source(const std::string& payload, bool is_compressed, bool is_one_message, uint64_t frames)
      : is_one_message_(is_one_message), left_(frames), frames_(frames) {
    const std::string last = is_compressed ? payload.substr(0, payload.size() - kTail) : payload;
    const uint8_t first_byte = is_compressed ? kRsv1 | kFirst : kFirst;
    alone_ = load::MakeFrame(kFin | first_byte, last);
    begin_ = load::MakeFrame(first_byte, payload);
    middle_ = load::MakeFrame(kContinuation, payload);
    end_ = load::MakeFrame(kFin | kContinuation, last);
  }

  bool is_done() const { return left_ == 0; }

  /// Sends what the kernel takes.
  void Send(int fd) {
    while (left_ > 0) {
      const std::string& frame = Current();
      const ssize_t taken =
          send(fd, frame.data() + sent_, frame.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (taken < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (taken < 0) load::Die("send");
      sent_ += static_cast<size_t>(taken);
      if (sent_ < frame.size()) return;
      sent_ = 0;
      left_--;
    }
  }

 private:
  const std::string& Current() const {
    if (!is_one_message_) return alone_;
    if (left_ == frames_) return begin_;
    return left_ == 1 ? end_ : middle_;
  }

  std::string alone_, begin_, middle_, end_;
  bool is_one_message_;
  uint64_t left_;
  uint64_t frames_;
  size_t sent_ = 0;
};

/// What comes back: looks at the headers of its frames.
class Sink {
 public:
  uint64_t payload() const { return payload_; }
  uint64_t messages() const { return messages_; }

  void Take(const uint8_t* bytes, size_t size) {
    while (size > 0) {
      if (!is_in_frame_) {
        header_.push_back(*bytes++);
        size--;
        ReadHeader();
      } else {
        const uint64_t piece = std::min<uint64_t>(left_, size);
        bytes += piece;
        size -= piece;
        left_ -= piece;
        payload_ += piece;
      }
      if (is_in_frame_ && left_ == 0) {
        is_in_frame_ = false;
        if (is_last_) messages_++;
      }
    }
  }

 private:
  void ReadHeader() {
    if (header_.size() < 2) return;
    const size_t code = header_[1];
    const size_t extended = code < 126 ? 0 : code == 126 ? 2 : 8;
    if (header_.size() < 2 + extended) return;
    if ((header_[0] & 0x0F) >= kLeastControl) {
      std::fprintf(stderr, "stream_client: opcode %d\n", header_[0] & 0x0F);
      std::exit(1);
    }
    is_last_ = (header_[0] & kFin) != 0;
    left_ = extended == 0 ? code : 0;
    for (size_t i = 0; i < extended; i++) left_ = left_ << 8 | header_[2 + i];
    header_.clear();
    is_in_frame_ = true;
  }

  std::vector<uint8_t> header_;
  bool is_in_frame_ = false;
  bool is_last_ = false;
  uint64_t left_ = 0;
  uint64_t payload_ = 0;
  uint64_t messages_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr,
                 "usage: stream_client PORT MEBIBYTES message|messages PAYLOAD_FILE COMPRESSED\n");
    return 2;
  }
  const uint64_t size = static_cast<uint64_t>(std::atoll(argv[2])) * 1024 * 1024;
  const bool is_one_message = std::string(argv[3]) == "message";
  const bool is_compressed = std::atoi(argv[5]) != 0;
  const int fd = load::OpenWebSocket(std::atoi(argv[1]), "/", is_compressed);
  Source source(load::ReadPayload(argv[4]), is_compressed, is_one_message, size / kFrame);
  Sink sink;
  std::vector<uint8_t> buffer(kReadSize);
  const auto got = [&] {
    if (!is_compressed) return sink.payload();
    return sink.messages() * (is_one_message ? size : kFrame);
  };
  while (got() < size) {
    const auto events = static_cast<short>(source.is_done() ? POLLIN : POLLIN | POLLOUT);
    pollfd poller = {fd, events, 0};
    if (poll(&poller, 1, -1) < 0 && errno != EINTR) load::Die("poll");
    if ((poller.revents & POLLOUT) != 0) source.Send(fd);
    if ((poller.revents & ~POLLOUT) == 0) continue;
    const ssize_t count = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      sink.Take(buffer.data(), static_cast<size_t>(count));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      break;
    }
  }
  std::printf("%llu\n", static_cast<unsigned long long>(got()));
  return 0;
}
