#ifndef WSUV_TEST_SUPPORT_FRAMES_H_
#define WSUV_TEST_SUPPORT_FRAMES_H_

#include <cstdint>
#include <string>

#include "protocol/frame.h"

namespace wsuv::test {

/// How a test wants a frame written; more than a correct sender would.
struct FrameSpec {
  uint8_t opcode = 0x2;
  bool fin = true;
  uint8_t rsv = 0;  ///< RSV1 to RSV3 as the bits 4, 2 and 1.
  bool masked = true;
  int length_bytes = -1;  ///< 0, 2 or 8; -1: as few as will do.
};

/// A frame, byte by byte as RFC 6455 5.2 draws it, made without the code under test.
inline std::string MakeFrame(const FrameSpec& spec, const std::string& payload) {
  std::string frame;
  frame += static_cast<char>((spec.fin ? 0x80 : 0) | spec.rsv << 4 | spec.opcode);
  const size_t size = payload.size();
  int length_bytes = spec.length_bytes;
  if (length_bytes < 0) length_bytes = size <= 125 ? 0 : size <= 0xFFFF ? 2 : 8;
  const int mask_bit = spec.masked ? 0x80 : 0;
  if (length_bytes == 0) {
    frame += static_cast<char>(static_cast<int>(size) | mask_bit);
  } else {
    frame += static_cast<char>((length_bytes == 2 ? 126 : 127) | mask_bit);
    for (int i = length_bytes - 1; i >= 0; i--) frame += static_cast<char>(size >> (8 * i));
  }
  if (!spec.masked) return frame + payload;
  const std::string key = "\x12\xC4\x5F\x81";
  frame += key;
  for (size_t i = 0; i < size; i++) frame += static_cast<char>(payload[i] ^ key[i % 4]);
  return frame;
}

inline std::string MakeFrame(Opcode opcode, const std::string& payload, bool fin = true,
                             bool masked = true) {
  FrameSpec spec;
  spec.opcode = static_cast<uint8_t>(opcode);
  spec.fin = fin;
  spec.masked = masked;
  return MakeFrame(spec, payload);
}

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_FRAMES_H_
