#ifndef WSUV_PROTOCOL_FRAME_PARSER_H_
#define WSUV_PROTOCOL_FRAME_PARSER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "protocol/assert.h"
#include "protocol/bytes.h"
#include "protocol/error.h"
#include "protocol/flow.h"
#include "protocol/frame.h"
#include "protocol/mask.h"

namespace wsuv {

/// The data frame that a piece of payload belongs to.
struct DataFrame {
  Opcode opcode = Opcode::kContinuation;  ///< Of its message: a continuation has kText or kBinary.
  bool fin = false;
};

/// Parses the frames of one direction of a connection (RFC 6455 5): bytes in, frames and pieces of
/// their payload out. It knows which frame may follow which; what they add up to is the sink's.
///
/// A sink is whatever has these methods; Read() is a template over it, since most of them are
/// called for each message:
///
///     // Whether a data frame may claim so many bytes of payload; `rsv1` is only ever set for the
///     // first one of a message. May be asked again before OnFrame().
///     ErrorCode CheckLength(DataFrame frame, bool is_first, bool rsv1, uint64_t length) const;
///     // It begins.
///     void OnFrame(DataFrame frame, bool is_first, bool rsv1, uint64_t length);
///     // The next bytes of its payload, still masked: key.Apply() unmasks them. Where it stops, it
///     // may have taken fewer: *size. The others come again, and are to be masked then.
///     Verdict OnPayload(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key);
///     // Of the message that is being read: whether payload is held until its frame is whole, so
///     // that a message in one frame goes to OnWholeMessage().
///     bool HoldsPayload() const;
///     // As OnPayload(), for bytes that the transport has put behind what came before.
///     ErrorCode OnDirectPayload(DataFrame frame, size_t size, MaskingKey& key);
///     // It is whole.
///     Verdict OnFrameEnd(DataFrame frame);
///     // A message in one frame, still masked. CheckLength() and OnFrame() are left out before it
///     // where it has at most MaxPlainMessage() bytes and no RSV1.
///     Verdict OnWholeMessage(Opcode opcode, uint8_t* payload, size_t size, MaskingKey key);
///     size_t MaxPlainMessage() const;
///     // A control frame, unmasked. Nothing follows a close frame.
///     Verdict OnControl(Opcode opcode, ByteView payload);
///     // The peer broke the protocol, or the sink has said that something is wrong. The last call.
///     void OnError(ErrorCode code, uint32_t detail);
///
/// A Verdict of Flow::kStop stops it behind the frame. Memory is held only while a header or a
/// control frame is incomplete.
class FrameParser {
 public:
  /// `role` is our own: a server expects masked frames, a client unmasked ones.
  explicit FrameParser(Role role)
      : role_(role),
        in_payload_(false),
        payload_begun_(false),
        ended_(false),
        rsv1_allowed_(false) {}

  Role role() const { return role_; }

  /// Parses `size` bytes, which it and the sink may change. `max_chunks` is over how many calls one
  /// frame may be spread; 0: any number. Once ended() it swallows everything.
  template <typename Sink>
  Progress Read(uint8_t* data, size_t size, uint32_t max_chunks, Sink& sink);

  /// How many bytes of the data frame that is being read are still to come; 0 outside of one, and
  /// where the next read is one too many.
  uint64_t DirectlyReadable(uint32_t max_chunks) const {
    if (ended_ || !in_payload_ || !payload_begun_ || IsControl(frame_.opcode)) return 0;
    return max_chunks > 0 && held_chunks_ >= max_chunks ? 0 : payload_left_;
  }
  DataFrame frame() const { return frame_; }

  /// `size` bytes of payload, at most DirectlyReadable(), went straight to where the sink wants
  /// them.
  template <typename Sink>
  Flow ReadDirect(size_t size, Sink& sink);

  /// Whether an extension was negotiated by which RSV1 may be set on a message's first frame.
  void set_rsv1_allowed(bool allowed) { rsv1_allowed_ = allowed; }

  /// Swallows everything from now on.
  void Stop() {
    ended_ = true;
    partial_.reset();
  }

  /// Whether a close frame, an error or Stop() was the end.
  bool ended() const { return ended_; }

  size_t HeldBytes() const { return partial_ == nullptr ? 0 : sizeof(Partial); }

 private:
  // A header or a control frame, as far as it is there.
  struct Partial {
    uint8_t header[kMaxFrameHeaderSize];
    uint8_t control[kMaxControlPayload];
    uint8_t control_size = 0;
  };

  // What a header says, as far as it is there.
  struct Header {
    DataFrame frame;  // Of a control frame, its own opcode.
    bool is_first = false;
    bool rsv1 = false;
    bool has_length = false;
    uint64_t length = 0;
    size_t size = 0;  // Of the header; 0 while it is incomplete.
  };

  Verdict CheckFirstBytes(const uint8_t* bytes) const;
  Verdict DecodeHeader(const uint8_t* bytes, size_t have, Header* header) const;
  bool WaitsWithinStep() const;
  void Begin(const Header& header, const uint8_t* bytes);
  Partial& EnsurePartial();

  template <typename Sink>
  size_t ReadWholeMessages(uint8_t* data, size_t size, Sink& sink, Verdict* verdict);
  template <typename Sink>
  size_t ReadHeader(const uint8_t* data, size_t size, Sink& sink, Verdict* verdict);
  template <typename Sink>
  size_t ReadPayload(uint8_t* data, size_t size, Sink& sink, Verdict* verdict);
  template <typename Sink>
  Verdict ReadControl(uint8_t* data, size_t size, bool is_whole, Sink& sink);
  template <typename Sink>
  Verdict EndFrame(Sink& sink);

  std::unique_ptr<Partial> partial_;
  uint64_t payload_left_ = 0;  // Of the current frame.
  uint32_t held_chunks_ = 0;   // Reads whose bytes the current step of parsing waits with.
  MaskingKey key_;
  Role role_;
  DataFrame frame_;                            // The current one, also if it is a control frame.
  Opcode unfinished_ = Opcode::kContinuation;  // Of the unfinished message, if there is one.
  uint8_t header_have_ = 0;
  bool in_payload_ : 1;
  bool payload_begun_ : 1;  // Some of it was read.
  bool ended_ : 1;
  bool rsv1_allowed_ : 1;
};

template <typename Sink>
Progress FrameParser::Read(uint8_t* data, size_t size, uint32_t max_chunks, Sink& sink) {
  if (ended_ || size == 0) return {size, Flow::kContinue};
  Verdict verdict;
  // A limit of 0 is none, and becomes the highest.
  if (held_chunks_ > max_chunks - 1) verdict = ErrorCode::kTooManyBufferedChunks;
  size_t at = 0;
  while (at < size && verdict.goes_on() && !ended_) {
    if (!in_payload_) {
      if (header_have_ == 0 && unfinished_ == Opcode::kContinuation) {
        at += ReadWholeMessages(data + at, size - at, sink, &verdict);
        if (at == size || !verdict.goes_on() || ended_) break;
      }
      at += ReadHeader(data + at, size - at, sink, &verdict);
      if (!in_payload_ || (at == size && payload_left_ > 0)) continue;
    }
    at += ReadPayload(data + at, size - at, sink, &verdict);
  }
  if (verdict.failed()) {
    Stop();
    sink.OnError(verdict.error, verdict.detail);
  }
  if (ended_) return {size, verdict.flow};
  const bool is_held = (in_payload_ && sink.HoldsPayload()) || WaitsWithinStep();
  held_chunks_ = is_held ? held_chunks_ + 1 : 0;
  return {at, verdict.flow};
}

// Reads the messages at the beginning of `data` that are there whole, in one frame: most of what is
// read is nothing else, and needs none of the bookkeeping of frames that come in pieces. Leaves
// everything unusual, and every error, to ReadHeader(). (A message of 20 bytes takes 150
// instructions instead of 310.)
template <typename Sink>
size_t FrameParser::ReadWholeMessages(uint8_t* data, size_t size, Sink& sink, Verdict* verdict) {
  const size_t key_bytes = role_ == Role::kServer ? 4 : 0;
  const uint8_t mask_bit = role_ == Role::kServer ? kMaskBit : 0;
  const size_t max_length = sink.MaxPlainMessage();
  size_t at = 0;
  while (size - at >= 4) {
    const uint8_t* header = data + at;
    const auto opcode = static_cast<Opcode>(header[0] & ~kFinBit);
    if ((header[0] & kFinBit) == 0 || (header[1] & kMaskBit) != mask_bit ||
        (opcode != Opcode::kText && opcode != Opcode::kBinary)) {
      break;
    }
    size_t header_size = 2 + key_bytes;
    size_t length = header[1] & 0x7F;
    if (length == 126) {
      length = static_cast<size_t>(header[2] << 8 | header[3]);
      header_size += 2;
    } else if (length == 127) {
      break;
    }
    if (length > max_length || size - at < header_size + length) break;
    uint8_t* payload = data + at + header_size;
    const MaskingKey key = key_bytes > 0 ? MaskingKey(payload - key_bytes) : MaskingKey();
    at += header_size + length;
    *verdict = sink.OnWholeMessage(opcode, payload, length, key);
    if (!verdict->goes_on() || ended_) break;
  }
  return at;
}

template <typename Sink>
size_t FrameParser::ReadHeader(const uint8_t* data, size_t size, Sink& sink, Verdict* verdict) {
  const bool in_pieces = header_have_ > 0;
  const uint8_t* bytes = data;
  size_t have = size;
  if (in_pieces) {
    // It came in pieces: take what is missing, byte by byte since each one can tell how many more
    // there are.
    partial_->header[header_have_++] = data[0];
    bytes = partial_->header;
    have = header_have_;
  }
  Header header;
  *verdict = DecodeHeader(bytes, have, &header);
  if (!verdict->failed() && header.has_length && !IsControl(header.frame.opcode)) {
    *verdict = sink.CheckLength(header.frame, header.is_first, header.rsv1, header.length);
  }
  if (verdict->failed()) return 0;
  if (!in_pieces || header.size > 0 || !WaitsWithinStep()) held_chunks_ = 0;
  if (header.size == 0) {
    if (in_pieces) return 1;
    // The longest header is longer than what is here.
    std::memcpy(EnsurePartial().header, data, size);
    header_have_ = static_cast<uint8_t>(size);
    return size;
  }
  Begin(header, bytes);
  if (!IsControl(frame_.opcode)) {
    sink.OnFrame(frame_, header.is_first, header.rsv1, header.length);
  }
  if (in_pieces) partial_.reset();
  return in_pieces ? 1 : header.size;
}

template <typename Sink>
size_t FrameParser::ReadPayload(uint8_t* data, size_t size, Sink& sink, Verdict* verdict) {
  auto take = static_cast<size_t>(std::min<uint64_t>(payload_left_, size));
  const bool is_whole = take == payload_left_ && !payload_begun_;
  payload_begun_ = true;
  if (IsControl(frame_.opcode)) {
    payload_left_ -= take;
    *verdict = ReadControl(data, take, is_whole, sink);
  } else if (is_whole && frame_.fin && unfinished_ == Opcode::kContinuation &&
             sink.HoldsPayload()) {
    payload_left_ = 0;
    in_payload_ = false;
    *verdict = sink.OnWholeMessage(frame_.opcode, data, take, key_);
  } else {
    if (take > 0) *verdict = sink.OnPayload(frame_, data, &take, key_);
    payload_left_ -= take;
    if (payload_left_ == 0 && !verdict->failed() && !ended_) {
      const Flow before = verdict->flow;
      *verdict = EndFrame(sink);
      if (before == Flow::kStop && !verdict->failed()) verdict->flow = before;
    }
  }
  return take;
}

template <typename Sink>
Verdict FrameParser::ReadControl(uint8_t* data, size_t size, bool is_whole, Sink& sink) {
  if (size > 0) key_.Apply(data, data, size);
  ByteView payload(data, size);
  std::unique_ptr<Partial> owned;
  if (!is_whole) {
    Partial& partial = EnsurePartial();
    std::memcpy(partial.control + partial.control_size, data, size);
    partial.control_size = static_cast<uint8_t>(partial.control_size + size);
    if (payload_left_ > 0) return {};
    // The sink may stop us.
    owned = std::move(partial_);
    payload = {owned->control, owned->control_size};
  }
  in_payload_ = false;
  if (frame_.opcode == Opcode::kClose) ended_ = true;
  return sink.OnControl(frame_.opcode, payload);
}

template <typename Sink>
Verdict FrameParser::EndFrame(Sink& sink) {
  in_payload_ = false;
  held_chunks_ = 0;
  if (frame_.fin) unfinished_ = Opcode::kContinuation;
  return sink.OnFrameEnd(frame_);
}

template <typename Sink>
Flow FrameParser::ReadDirect(size_t size, Sink& sink) {
  WSUV_ASSERT(size > 0 && size <= DirectlyReadable(0));
  payload_left_ -= size;
  held_chunks_++;
  Verdict verdict = sink.OnDirectPayload(frame_, size, key_);
  if (payload_left_ == 0 && !verdict.failed()) verdict = EndFrame(sink);
  if (verdict.failed()) {
    Stop();
    sink.OnError(verdict.error, verdict.detail);
  }
  return verdict.flow;
}

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_FRAME_PARSER_H_
