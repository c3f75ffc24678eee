#include "protocol/message_stream.h"

#include <algorithm>

#include "protocol/assert.h"

namespace wsuv {
namespace {

// Bytes of compressed data that are unmasked at once: those that are not taken are masked again.
constexpr size_t kCompressedPiece = 4096;

}  // namespace

ErrorCode MessageStream::CheckLength(bool rsv1, uint64_t length) const {
  const uint64_t limit = limits_.max_stream_length;
  if (limit == 0 || rsv1 || message_.is_compressed_) return ErrorCode::kNone;
  return length > limit - message_.length_ ? ErrorCode::kUnsupportedMessageLength
                                           : ErrorCode::kNone;
}

MessagePiece MessageStream::Describe(DataFrame frame, ByteView data) {
  MessagePiece piece;
  piece.binary = frame.opcode == Opcode::kBinary;
  piece.compressed = message_.is_compressed_;
  piece.undecided = piece.compressed && frame.fin && message_.fragments_ == 1;
  piece.data = data;
  piece.first = !message_.is_begun_;
  message_.is_begun_ = true;
  return piece;
}

Verdict MessageStream::OnPayload(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key) {
  return message_.is_compressed_ ? OnCompressed(frame, data, size, key)
                                 : OnPlain(frame, data, *size, key);
}

Verdict MessageStream::OnPlain(DataFrame frame, uint8_t* data, size_t size, MaskingKey& key) {
  // Straight to where it is to stay, if there is such a place.
  uint8_t* place = sink_.PlacePiece(size, frame.fin);
  if (place == nullptr) place = data;
  key.Apply(place, data, size);
  if (frame.opcode == Opcode::kText && !limits_.skip_utf8_validation &&
      !message_.utf8_.Push(place, size)) {
    return ErrorCode::kInvalidUtf8;
  }
  const Progress progress = sink_.OnPiece(Describe(frame, {place, size}));
  WSUV_ASSERT(progress.used == size);
  return progress.flow;
}

Verdict MessageStream::OnCompressed(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key) {
  for (size_t at = 0; at < *size;) {
    const size_t count = std::min(*size - at, kCompressedPiece);
    MaskingKey unmasking = key;
    unmasking.Apply(data + at, data + at, count);
    const Progress progress = sink_.OnPiece(Describe(frame, {data + at, count}));
    WSUV_ASSERT(progress.used <= count);
    key.Skip(progress.used);
    at += progress.used;
    if (progress.flow == Flow::kContinue) {
      WSUV_ASSERT(progress.used == count);
      continue;
    }
    MaskingKey masking = key;
    masking.Apply(data + at, data + at, count - progress.used);
    *size = at;
    return progress.flow;
  }
  return {};
}

Verdict MessageStream::OnFrameEnd(DataFrame frame) {
  if (!frame.fin && message_.is_begun_) return sink_.OnFragment();
  if (frame.fin && !message_.utf8_.IsComplete()) return ErrorCode::kInvalidUtf8;
  MessagePiece piece = Describe(frame, {});
  piece.last = frame.fin;
  // The sink may call anything.
  if (frame.fin) message_.Clear();
  return sink_.OnPiece(piece).flow;
}

}  // namespace wsuv
