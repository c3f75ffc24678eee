#include "protocol/frame_parser.h"

namespace wsuv {
namespace {

constexpr uint64_t kMaxPayloadLength = (uint64_t{1} << 53) - 1;

uint64_t ReadBigEndian(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

FrameParser::Partial& FrameParser::EnsurePartial() {
  if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
  return *partial_;
}

// Whether there is a part of a header that is not one of the steps in which ws takes it in (two
// bytes, the extended length, the key), between which nothing counts as held.
bool FrameParser::WaitsWithinStep() const {
  if (header_have_ == 0) return false;
  const uint8_t length = partial_->header[1] & 0x7F;
  return !(header_have_ == 2 || (length == 126 && header_have_ == 4) ||
           (length == 127 && header_have_ == 10));
}

Verdict FrameParser::CheckFirstBytes(const uint8_t* bytes) const {
  const bool rsv1 = (bytes[0] & kRsv1Bit) != 0;
  const bool fin = (bytes[0] & kFinBit) != 0;
  const uint8_t opcode = bytes[0] & 0x0F;
  const uint8_t length = bytes[1] & 0x7F;
  const bool masked = (bytes[1] & kMaskBit) != 0;

  // RFC 6455 5.2: reserved bits must be zero unless an extension says otherwise.
  if ((bytes[0] & kRsv23Bits) != 0) return ErrorCode::kUnexpectedRsv23;
  if (rsv1 && !rsv1_allowed_) return ErrorCode::kUnexpectedRsv1;

  if (opcode == 0) {
    // RFC 7692 6.1: RSV1 is for the first frame of a message.
    if (rsv1) return ErrorCode::kUnexpectedRsv1;
    if (unfinished_ == Opcode::kContinuation) return {ErrorCode::kInvalidOpcode, opcode};
  } else if (opcode <= 2) {
    // RFC 6455 5.4: the fragments of one message may not be mixed with those of another.
    if (unfinished_ != Opcode::kContinuation) return {ErrorCode::kInvalidOpcode, opcode};
  } else if (opcode >= 8 && opcode <= 10) {
    // RFC 6455 5.5: control frames are short and not fragmented; a close code has two bytes.
    if (!fin) return ErrorCode::kExpectedFin;
    if (rsv1) return ErrorCode::kUnexpectedRsv1;
    if (length > kMaxControlPayload || (opcode == 8 && length == 1)) {
      return {ErrorCode::kInvalidControlPayloadLength, length};
    }
  } else {
    return {ErrorCode::kInvalidOpcode, opcode};
  }
  // RFC 6455 5.1.
  if (role_ == Role::kServer && !masked) return ErrorCode::kExpectedMask;
  if (role_ == Role::kClient && masked) return ErrorCode::kUnexpectedMask;
  return {};
}

// Checks as much of a header as is there. In pieces this is repeated for every byte.
Verdict FrameParser::DecodeHeader(const uint8_t* bytes, size_t have, Header* header) const {
  if (have < 2) return {};
  const Verdict verdict = CheckFirstBytes(bytes);
  if (verdict.failed()) return verdict;

  const auto opcode = static_cast<Opcode>(bytes[0] & 0x0F);
  header->is_first = opcode != Opcode::kContinuation;
  header->frame = {header->is_first ? opcode : unfinished_, (bytes[0] & kFinBit) != 0};
  header->rsv1 = (bytes[0] & kRsv1Bit) != 0;
  header->length = bytes[1] & 0x7F;
  const size_t length_bytes = header->length == 126 ? 2 : header->length == 127 ? 8 : 0;
  if (have < 2 + length_bytes) return {};
  if (length_bytes > 0) {
    // ws accepts a length in a longer form than it needs, and so do we.
    header->length = ReadBigEndian(bytes + 2, length_bytes);
    if (header->length > kMaxPayloadLength) return ErrorCode::kUnsupportedDataPayloadLength;
  }
  header->has_length = true;
  const size_t size = 2 + length_bytes + (role_ == Role::kServer ? 4 : 0);
  if (have >= size) header->size = size;
  return {};
}

void FrameParser::Begin(const Header& header, const uint8_t* bytes) {
  if (role_ == Role::kServer) key_ = MaskingKey(bytes + header.size - 4);
  frame_ = header.frame;
  payload_left_ = header.length;
  header_have_ = 0;
  in_payload_ = true;
  payload_begun_ = false;
  if (!IsControl(frame_.opcode) && !frame_.fin) unfinished_ = frame_.opcode;
}

}  // namespace wsuv
