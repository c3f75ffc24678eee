#include "protocol/utf8.h"

#include <cstring>

#include "protocol/utf8_vector.h"

namespace wsuv {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080u;

// The number of leading bytes that are ASCII, counted in steps of 8 or 16.
size_t AsciiPrefix(const uint8_t* data, size_t size) {
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    uint64_t a;
    uint64_t b;
    std::memcpy(&a, data + i, 8);
    std::memcpy(&b, data + i + 8, 8);
    if (((a | b) & kHighBits) != 0) return i;
  }
  if (i + 8 <= size) {
    uint64_t a;
    std::memcpy(&a, data + i, 8);
    if ((a & kHighBits) == 0) i += 8;
  }
  return i;
}

}  // namespace

bool Utf8Validator::Push(const uint8_t* data, size_t size) {
  size_t i = 0;
  bool may_be_vectorised = true;
  while (i < size) {
    if (pending_ == 0) {
      i += AsciiPrefix(data + i, size - i);
      while (i < size && data[i] < 0x80) i++;
      if (i == size) return true;
      ascii_ = false;
      if (may_be_vectorised && size - i >= 16) {
        i += ValidUtf8Prefix(data + i, size - i);
        // Behind that are an unfinished block, or an error.
        may_be_vectorised = false;
        continue;
      }
      const uint8_t lead = data[i++];
      if (lead < 0xC2 || lead > 0xF4) return false;
      pending_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
      low_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      high_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      continue;
    }
    const uint8_t byte = data[i++];
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    pending_--;
  }
  return true;
}

}  // namespace wsuv
