#ifndef WSUV_PROTOCOL_FRAME_H_
#define WSUV_PROTOCOL_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "protocol/assert.h"

namespace wsuv {

/// Which end of a connection we are: decides who masks (RFC 6455 5.1).
enum class Role : uint8_t { kServer, kClient };

/// RFC 6455 5.2.
enum class Opcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

/// The bits of a header's first byte beside the opcode, and the one of its second byte beside the
/// length (RFC 6455 5.2).
constexpr uint8_t kFinBit = 0x80;
constexpr uint8_t kRsv1Bit = 0x40;
constexpr uint8_t kRsv23Bits = 0x30;
constexpr uint8_t kMaskBit = 0x80;

/// The longest frame header: 2 bytes, a 64-bit length and the masking key.
constexpr size_t kMaxFrameHeaderSize = 14;
/// The longest payload of a control frame (RFC 6455 5.5).
constexpr size_t kMaxControlPayload = 125;
/// The longest reason in a close frame, behind its code.
constexpr size_t kMaxCloseReason = kMaxControlPayload - 2;
/// The close code that stands for "the close frame held none" (RFC 6455 7.4.1).
constexpr uint16_t kNoCloseCode = 1005;

/// True for close, ping and pong.
constexpr bool IsControl(Opcode opcode) { return static_cast<uint8_t>(opcode) >= 0x8; }

/// What goes into a frame's header.
struct FrameHeader {
  Opcode opcode = Opcode::kBinary;
  bool fin = true;
  bool rsv1 = false;
  const uint8_t* masking_key = nullptr;  ///< Four bytes, or null for an unmasked frame.
};

/// How many bytes EncodeFrameHeader() takes.
constexpr size_t FrameHeaderSize(const FrameHeader& header, uint64_t payload_length) {
  const size_t length_bytes = payload_length < 126 ? 0 : payload_length < 65536 ? 2 : 8;
  return 2 + length_bytes + (header.masking_key != nullptr ? 4 : 0);
}

/// Writes the header of a frame whose payload has `payload_length` bytes, at most 2^63 - 1, in its
/// shortest form to `out`, which must hold kMaxFrameHeaderSize bytes. Returns how many bytes it
/// took. RFC 6455 5.2.
inline size_t EncodeFrameHeader(const FrameHeader& header, uint64_t payload_length, uint8_t* out) {
  WSUV_ASSERT(payload_length >> 63 == 0);
  out[0] = static_cast<uint8_t>(static_cast<uint8_t>(header.opcode) | (header.fin ? kFinBit : 0) |
                                (header.rsv1 ? kRsv1Bit : 0));
  const uint8_t mask_bit = header.masking_key != nullptr ? kMaskBit : 0;
  size_t size = 2;
  if (payload_length < 126) {
    out[1] = static_cast<uint8_t>(payload_length) | mask_bit;
  } else if (payload_length < 65536) {
    out[1] = 126 | mask_bit;
    out[2] = static_cast<uint8_t>(payload_length >> 8);
    out[3] = static_cast<uint8_t>(payload_length);
    size = 4;
  } else {
    out[1] = 127 | mask_bit;
    for (int i = 0; i < 8; i++) out[2 + i] = static_cast<uint8_t>(payload_length >> (56 - 8 * i));
    size = 10;
  }
  if (header.masking_key != nullptr) {
    std::memcpy(out + size, header.masking_key, 4);
    size += 4;
  }
  return size;
}

/// Whether `code` may stand in a close frame (RFC 6455 7.4 and the IANA registry): 1000-1014 but
/// 1004-1006, and 3000-4999.
bool IsValidCloseCode(uint32_t code);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_FRAME_H_
