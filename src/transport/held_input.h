#ifndef WSUV_TRANSPORT_HELD_INPUT_H_
#define WSUV_TRANSPORT_HELD_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "protocol/message_buffer.h"

namespace wsuv {

/// Bytes that were read and not parsed yet: a request head in pieces, or frames whose turn has not
/// come. They stay where they are while they are worked off.
class HeldInput {
 public:
  bool empty() const { return at_ == bytes_.size(); }
  size_t size() const { return bytes_.size() - at_; }
  uint8_t* data() { return bytes_.data() + at_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data() + at_), size()};
  }

  /// False when there is no memory: nothing is added, then.
  bool Append(const uint8_t* data, size_t size) {
    if (size == 0) return true;
    // What was worked off makes room once it is the larger part: so each byte moves once or twice.
    if (at_ > bytes_.size() / 2) {
      const size_t left = this->size();
      std::memmove(bytes_.data(), bytes_.data() + at_, left);
      bytes_.Clear();
      bytes_.Commit(left);
      at_ = 0;
    }
    if (!bytes_.Reserve(size, UINT64_MAX)) return false;
    std::memcpy(bytes_.data() + bytes_.size(), data, size);
    bytes_.Commit(size);
    return true;
  }
  /// The first `count` bytes were parsed.
  void Skip(size_t count) { at_ += count; }

 private:
  MessageBuffer bytes_;
  size_t at_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_HELD_INPUT_H_
