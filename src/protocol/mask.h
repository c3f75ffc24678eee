#ifndef WSUV_PROTOCOL_MASK_H_
#define WSUV_PROTOCOL_MASK_H_

#include <cstddef>
#include <cstdint>

namespace wsuv {

/// A masking key together with the place in it that the next byte uses (RFC 6455 5.3).
class MaskingKey {
 public:
  MaskingKey() = default;
  /// `key` is four bytes, in the order in which they stand on the wire.
  explicit MaskingKey(const uint8_t* key);

  /// XORs `size` bytes of `source` into `target` (which may be the same memory, but must not
  /// otherwise overlap it) and moves on, so that a payload can be done in any number of pieces.
  void Apply(uint8_t* target, const uint8_t* source, size_t size);
  /// Moves on by `count` bytes.
  void Skip(size_t count);

 private:
  uint32_t word_ = 0;  // The next four bytes of the key, as they lie in memory.
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MASK_H_
