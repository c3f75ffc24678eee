#ifndef WSUV_BENCH_LOAD_FRAMES_H_
#define WSUV_BENCH_LOAD_FRAMES_H_

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

namespace load {

constexpr uint8_t kText = 0x81;
constexpr uint8_t kBinary = 0x82;
constexpr uint8_t kClose = 0x88;
constexpr uint8_t kPing = 0x89;
constexpr uint8_t kPong = 0x8A;
constexpr uint8_t kCompressedText = 0xC1;
constexpr uint8_t kFirstFragment = 0x01;
constexpr uint8_t kNextFragment = 0x00;
constexpr uint8_t kLastFragment = 0x80;

inline std::string MakePayload(size_t size) {
  std::string payload;
  for (size_t i = 0; i < size; i++) payload += "abcdefghijklmnopqrstuvwxyz"[i % 26];
  return payload;
}

inline std::string ReadPayload(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// One masked client frame. `first_byte` has FIN, RSV1 and the opcode.
inline std::string MakeFrame(uint8_t first_byte, const std::string& payload) {
  const size_t size = payload.size();
  std::string frame;
  frame += static_cast<char>(first_byte);
  if (size < 126) {
    frame += static_cast<char>(0x80 | size);
  } else if (size < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(size >> 8);
    frame += static_cast<char>(size);
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(size >> shift);
  }
  const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
  frame.append(reinterpret_cast<const char*>(key), 4);
  for (size_t i = 0; i < size; i++) {
    frame += static_cast<char>(payload[i] ^ key[i % 4]);
  }
  return frame;
}

}  // namespace load

#endif  // WSUV_BENCH_LOAD_FRAMES_H_
