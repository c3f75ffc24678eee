#include "protocol/frame.h"

#include <cstring>

namespace wsuv {

size_t EncodeFrameHeader(const FrameHeader& header, uint64_t payload_length, uint8_t* out) {
  out[0] = static_cast<uint8_t>(static_cast<uint8_t>(header.opcode) | (header.fin ? 0x80 : 0) |
                                (header.rsv1 ? 0x40 : 0));
  const uint8_t mask_bit = header.masking_key != nullptr ? 0x80 : 0;
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

bool IsValidCloseCode(uint32_t code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

}  // namespace wsuv
