#include "protocol/mask.h"

#include <cstring>

namespace wsuv {

MaskingKey::MaskingKey(const uint8_t* key) { std::memcpy(&word_, key, 4); }

void MaskingKey::Apply(uint8_t* target, const uint8_t* source, size_t size) {
  if (word_ == 0) {
    if (target != source && size > 0) std::memcpy(target, source, size);
    return;
  }
  // Eight bytes a step; with optimisation the compiler makes vector instructions of it.
  const uint64_t wide = static_cast<uint64_t>(word_) << 32 | word_;
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t chunk;
    std::memcpy(&chunk, source + i, 8);
    chunk ^= wide;
    std::memcpy(target + i, &chunk, 8);
  }
  uint8_t key[4];
  std::memcpy(key, &word_, 4);
  const size_t rest = size - i;
  for (size_t j = 0; j < rest; j++) {
    target[i + j] = static_cast<uint8_t>(source[i + j] ^ key[j & 3]);
  }
  uint8_t next[4];
  for (size_t j = 0; j < 4; j++) next[j] = key[(rest + j) & 3];
  std::memcpy(&word_, next, 4);
}

}  // namespace wsuv
