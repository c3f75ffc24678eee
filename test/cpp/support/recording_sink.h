#ifndef WSUV_TEST_SUPPORT_RECORDING_SINK_H_
#define WSUV_TEST_SUPPORT_RECORDING_SINK_H_

#include <string>
#include <vector>

#include "protocol/message_reader.h"

namespace wsuv::test {

/// Writes down what a reader finds, each event as a line that two readers can be compared by.
class RecordingSink : public MessageSink {
 public:
  std::vector<std::string> events;
  bool stop_after_each = false;

  Flow OnMessage(const Message& message) override {
    std::string line = message.binary ? "binary " : "text ";
    line += std::string(message.data.text());
    if (message.fragment_ends != nullptr) {
      line += " |";
      for (const size_t end : *message.fragment_ends) line += " " + std::to_string(end);
    }
    return Add(line);
  }
  Flow OnPing(ByteView payload) override { return Add("ping " + std::string(payload.text())); }
  Flow OnPong(ByteView payload) override { return Add("pong " + std::string(payload.text())); }
  void OnClose(uint16_t code, ByteView reason) override {
    Add("close " + std::to_string(code) + " " + std::string(reason.text()));
  }
  void OnError(ErrorCode code, uint32_t detail) override {
    Add(std::string("error ") + DescribeError(code).name + " " + std::to_string(detail));
  }

 private:
  Flow Add(std::string line) {
    events.push_back(std::move(line));
    return stop_after_each ? Flow::kStop : Flow::kContinue;
  }
};

/// Reads `bytes` in pieces of at most `piece` bytes; the whole if it is 0.
inline std::vector<std::string> ReadInPieces(Role role, std::string bytes, size_t piece,
                                             const ReaderLimits& limits = {},
                                             bool allow_rsv1 = false) {
  MessageReader reader(role);
  reader.set_rsv1_allowed(allow_rsv1);
  RecordingSink sink;
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  if (piece == 0) piece = bytes.size() + 1;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const size_t size = piece < bytes.size() - at ? piece : bytes.size() - at;
    reader.Read(data + at, size, limits, sink);
  }
  return sink.events;
}

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_RECORDING_SINK_H_
