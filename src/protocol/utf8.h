#ifndef WSUV_PROTOCOL_UTF8_H_
#define WSUV_PROTOCOL_UTF8_H_

#include <cstddef>
#include <cstdint>

namespace wsuv {

/// Checks UTF-8 (RFC 3629) that arrives in pieces, and stops at the first byte that no valid
/// text can continue with, even if the text is unfinished.
class Utf8Validator {
 public:
  /// Takes the next bytes; false once they cannot be UTF-8. After that, call Reset().
  bool Push(const uint8_t* data, size_t size);

  /// Whether what came so far ends on a character's boundary.
  bool IsComplete() const { return pending_ == 0; }

  /// Whether what came so far was ASCII only.
  bool IsAscii() const { return ascii_; }

  /// Forgets everything.
  void Reset() { *this = Utf8Validator(); }

 private:
  uint8_t pending_ = 0;  // Continuation bytes that are still to come.
  uint8_t low_ = 0x80;   // The range of the next one: narrower after E0, ED, F0 and F4, which
  uint8_t high_ = 0xBF;  // rules out overlong forms, surrogates and what is above U+10FFFF.
  bool ascii_ = true;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_UTF8_H_
