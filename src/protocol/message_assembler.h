#ifndef WSUV_PROTOCOL_MESSAGE_ASSEMBLER_H_
#define WSUV_PROTOCOL_MESSAGE_ASSEMBLER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "protocol/bytes.h"
#include "protocol/error.h"
#include "protocol/flow.h"
#include "protocol/frame.h"
#include "protocol/frame_parser.h"
#include "protocol/mask.h"
#include "protocol/message_buffer.h"
#include "protocol/message_sink.h"
#include "protocol/offset_list.h"
#include "protocol/utf8.h"

namespace wsuv {

/// Memory into which the next bytes of a large payload may be read directly. The size is what fits.
struct ReadWindow {
  uint8_t* data = nullptr;
  size_t size = 0;
};

/// What there is of a message that has not arrived whole. A connection has one; MessageAssembler
/// works on it.
class UnfinishedMessage {
 public:
  UnfinishedMessage() : fragments_(0), is_streamed_(0), is_begun_(0), is_compressed_(0) {}

  /// Forgets it.
  void Clear();

  /// Room for the next of `left` bytes that are to come of `frame`; empty unless much has come and
  /// much is to come.
  ReadWindow DirectWindow(DataFrame frame, uint64_t left, const ReaderLimits& limits);

  /// Bytes of heap memory that it takes.
  size_t HeldBytes() const;

 private:
  friend class MessageAssembler;
  friend class MessageStream;

  struct Parts {
    MessageBuffer payload;
    OffsetList fragment_ends;
    bool is_settled = false;  // The sink was asked for memory, and has given some or has none.
  };

  Parts& EnsureParts();
  void ResetCounts() {
    length_ = 0;
    fragments_ = 0;
    is_compressed_ = 0;
    is_streamed_ = 0;
    is_begun_ = 0;
    utf8_.Reset();
  }
  uint64_t Ceiling(DataFrame frame, const ReaderLimits& limits) const;

  std::unique_ptr<Parts> parts_;
  uint64_t length_ = 0;         // The payload lengths of its frames so far.
  uint32_t fragments_ : 29;     // Its frames so far.
  uint32_t is_streamed_ : 1;    // It is MessageStream's.
  uint32_t is_begun_ : 1;       // Some of it was passed on.
  uint32_t is_compressed_ : 1;  // RSV1 was set. (The top bit is the cheapest one to test.)
  Utf8Validator utf8_;
};

/// Puts the messages together whose frames a FrameParser finds, and checks limits and UTF-8. It is
/// a sink of frames that lives as long as a call: what lasts is in the UnfinishedMessage.
///
/// No more memory is held than twice what arrived of a message.
class MessageAssembler {
 public:
  MessageAssembler(UnfinishedMessage& message, const ReaderLimits& limits, MessageSink& sink)
      : message_(message), limits_(limits), sink_(sink) {}

  // See FrameParser.
  ErrorCode CheckLength(DataFrame frame, bool is_first, bool rsv1, uint64_t length) const;
  void OnFrame(DataFrame frame, bool is_first, bool rsv1, uint64_t length);
  Verdict OnPayload(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key);
  bool HoldsPayload() const { return !message_.is_streamed_; }
  ErrorCode OnDirectPayload(DataFrame frame, size_t size, MaskingKey& key);
  Verdict OnFrameEnd(DataFrame frame);
  Verdict OnWholeMessage(Opcode opcode, uint8_t* payload, size_t size, MaskingKey key);
  size_t MaxPlainMessage() const {
    // A limit of 0 is none, and becomes the highest.
    const uint64_t most = std::min(limits_.max_payload - 1, limits_.stream_threshold - 1);
    return static_cast<size_t>(std::min<uint64_t>(most, kMaxPlacedMessage - 1)) + 1;
  }
  Verdict OnControl(Opcode opcode, ByteView payload);
  void OnError(ErrorCode code, uint32_t detail);

 private:
  ErrorCode Hold(DataFrame frame, uint8_t* data, size_t size, MaskingKey& key);
  Verdict OnLargeMessage(Opcode opcode, uint8_t* payload, size_t size, MaskingKey key);
  Verdict OnClose(ByteView payload);
  Message Describe(Opcode opcode, ByteView data) const;
  void Settle(DataFrame frame, size_t more);
  bool CheckText(Opcode opcode, const uint8_t* data, size_t size);

  // Messages of this size are unmasked to the place where the sink wants them; below it, unmasking
  // them in place and copying them is as cheap.
  static constexpr size_t kPlaceThreshold = 512;

  UnfinishedMessage& message_;
  const ReaderLimits& limits_;
  MessageSink& sink_;
};

// Most messages take this way: it is compiled into the parser's loop.

inline bool MessageAssembler::CheckText(Opcode opcode, const uint8_t* data, size_t size) {
  if (opcode != Opcode::kText || limits_.skip_utf8_validation || message_.is_compressed_) {
    return true;
  }
  return message_.utf8_.Push(data, size);
}

inline Message MessageAssembler::Describe(Opcode opcode, ByteView data) const {
  Message message;
  message.binary = opcode == Opcode::kBinary;
  message.compressed = message_.is_compressed_;
  message.ascii = !message.binary && !limits_.skip_utf8_validation && !message_.is_compressed_ &&
                  message_.utf8_.IsAscii();
  message.data = data;
  return message;
}

inline Verdict MessageAssembler::OnWholeMessage(Opcode opcode, uint8_t* payload, size_t size,
                                                MaskingKey key) {
  const bool is_compressed = message_.is_compressed_;
  if (size > kMaxPlacedMessage && !is_compressed) return OnLargeMessage(opcode, payload, size, key);
  uint8_t* place = size >= kPlaceThreshold && !is_compressed ? sink_.Place(size) : nullptr;
  if (place == nullptr) place = payload;
  key.Apply(place, payload, size);
  if (!CheckText(opcode, place, size) || !message_.utf8_.IsComplete()) {
    return ErrorCode::kInvalidUtf8;
  }
  const Message message = Describe(opcode, {place, size});
  message_.ResetCounts();
  return sink_.OnMessage(message);
}

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_ASSEMBLER_H_
