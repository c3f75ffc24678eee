#ifndef WSUV_TEST_SUPPORT_RECORDING_SINK_H_
#define WSUV_TEST_SUPPORT_RECORDING_SINK_H_

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/message_reader.h"

namespace wsuv::test {

/// Writes down what a reader finds, each event as a line that two readers can be compared by.
class RecordingSink : public MessageSink {
 public:
  std::vector<std::string> events;
  bool stop_after_each = false;
  /// Where not null, decides about each event whether to stop behind it.
  std::function<bool()> stops;
  /// It has said stop: nothing may come until this is taken back.
  bool is_stopped = false;
  size_t pieces = 0;  ///< Of messages that came so.

  Flow OnMessage(const Message& message) override {
    std::string line = message.compressed ? "compressed " : "";
    line += message.binary ? "binary " : "text ";
    line += std::string(message.data.text());
    if (message.fragment_ends != nullptr) {
      line += " |";
      for (const size_t end : *message.fragment_ends) line += " " + std::to_string(end);
    }
    return Add(line);
  }
  /// A message in pieces is written down when it is whole, as if it had come so. Of a compressed
  /// piece no more than half is taken where the sink stops.
  Progress OnPiece(const MessagePiece& piece) override {
    if (piece.first == in_pieces_) std::abort();
    if (is_stopped && !(piece.last && piece.data.size == 0)) std::abort();
    in_pieces_ = true;
    pieces++;
    const bool was_stopped = is_stopped;
    is_stopped = stop_after_each || (stops && stops());
    size_t used = piece.data.size;
    if (is_stopped && piece.compressed) used -= used / 2;
    whole_ += piece.data.text().substr(0, used);
    if (piece.last) {
      std::string line = piece.compressed ? "compressed " : "";
      line += piece.binary ? "binary " : "text ";
      events.push_back(line + whole_);
      whole_.clear();
      in_pieces_ = false;
    }
    is_stopped = is_stopped || was_stopped;
    return {used, is_stopped ? Flow::kStop : Flow::kContinue};
  }
  Flow OnPing(ByteView payload) override { return Add("ping " + std::string(payload.text())); }
  Flow OnPong(ByteView payload) override { return Add("pong " + std::string(payload.text())); }
  void OnClose(uint16_t code, ByteView reason) override {
    Add("close " + std::to_string(code) + " " + std::string(reason.text()));
    is_stopped = false;  // It is not asked.
  }
  void OnError(ErrorCode code, uint32_t detail) override {
    // With the last bytes of a frame, its end is looked at too, which may be wrong.
    if (in_pieces_) is_stopped = false;
    Add(std::string("error ") + DescribeError(code).name + " " + std::to_string(detail));
    is_stopped = false;
  }

 private:
  std::string whole_;  // Of the message that comes in pieces.
  bool in_pieces_ = false;

  Flow Add(std::string line) {
    if (is_stopped) std::abort();
    events.push_back(std::move(line));
    is_stopped = stop_after_each || (stops && stops());
    return is_stopped ? Flow::kStop : Flow::kContinue;
  }
};

/// A sink that says where messages are to be put, and checks that they are there.
class ProvidingSink final : public RecordingSink {
 public:
  size_t placed = 0;      ///< Messages, or pieces of them, that came in the place.
  size_t allocated = 0;   ///< Messages that came in allocated memory.
  size_t largest = 0;     ///< The largest size that was asked for.
  size_t asked = 0;       ///< How often memory for a message was.
  bool has_none = false;  ///< Whether there is no such memory.
  /// The places that were asked for for pieces, and whether they were of last frames.
  std::vector<std::pair<size_t, bool>> piece_places;

  uint8_t* Place(size_t size) override {
    place_.assign(size, 0);
    return place_.data();
  }
  std::unique_ptr<MessageMemory> Allocate(size_t size) override {
    largest = std::max(largest, size);
    asked++;
    if (has_none) return nullptr;
    return std::make_unique<Memory>(size);
  }
  uint8_t* PlacePiece(size_t size, bool is_last_frame) override {
    piece_places.emplace_back(size, is_last_frame);
    return Place(size);
  }
  Progress OnPiece(const MessagePiece& piece) override {
    if (piece.data.size > 0 && piece.data.data == place_.data()) placed++;
    return RecordingSink::OnPiece(piece);
  }
  Flow OnMessage(const Message& message) override {
    if (message.data.data == place_.data() && message.data.size == place_.size()) placed++;
    const auto memory = message.buffer == nullptr ? nullptr : message.buffer->TakeMemory();
    if (memory != nullptr && memory->data() == message.data.data &&
        memory->size() == message.data.size) {
      allocated++;
    }
    return RecordingSink::OnMessage(message);
  }

 private:
  struct Memory final : MessageMemory {
    explicit Memory(size_t size) : MessageMemory(new uint8_t[size], size) {}
    ~Memory() override { delete[] data(); }
  };

  std::vector<uint8_t> place_;
};

/// Lets `reader` have `size` bytes, going on wherever the sink stops it. Returns how often it did.
inline size_t ReadWithStops(MessageReader& reader, uint8_t* data, size_t size,
                            const ReaderLimits& limits, RecordingSink& sink) {
  size_t stops = 0;
  for (size_t at = 0; at < size;) {
    const Progress progress = reader.Read(data + at, size - at, limits, sink);
    at += progress.used;
    // It says so, and where it does not, it has taken everything.
    if ((progress.flow == Flow::kStop) != sink.is_stopped) std::abort();
    if (!sink.is_stopped && at != size) std::abort();
    stops += sink.is_stopped ? 1 : 0;
    sink.is_stopped = false;
  }
  return stops;
}

/// Lets `reader` have `bytes` as a transport would: at most `piece` bytes at once, into its direct
/// window where it has one. Returns how many pieces went there.
inline size_t ReadAsATransport(MessageReader& reader, std::string bytes, size_t piece,
                               const ReaderLimits& limits, RecordingSink& sink) {
  size_t direct = 0;
  for (size_t at = 0; at < bytes.size();) {
    const ReadWindow window = reader.DirectWindow(limits);
    size_t count = std::min(bytes.size() - at, piece);
    if (window.size > 0) {
      count = std::min(count, window.size);
      std::memcpy(window.data, bytes.data() + at, count);
      if ((reader.ReadDirect(count, limits, sink) == Flow::kStop) != sink.is_stopped) std::abort();
      sink.is_stopped = false;
      direct++;
    } else {
      ReadWithStops(reader, reinterpret_cast<uint8_t*>(bytes.data()) + at, count, limits, sink);
    }
    at += count;
  }
  return direct;
}

/// Reads `bytes` in pieces of at most `piece` bytes; the whole if it is 0.
inline std::vector<std::string> ReadInPieces(Role role, std::string bytes, size_t piece,
                                             const ReaderLimits& limits = {},
                                             bool allow_rsv1 = false,
                                             bool stop_after_each = false) {
  MessageReader reader(role);
  reader.set_rsv1_allowed(allow_rsv1);
  RecordingSink sink;
  sink.stop_after_each = stop_after_each;
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  if (piece == 0) piece = bytes.size() + 1;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const size_t size = piece < bytes.size() - at ? piece : bytes.size() - at;
    ReadWithStops(reader, data + at, size, limits, sink);
  }
  return sink.events;
}

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_RECORDING_SINK_H_
