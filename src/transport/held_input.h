#ifndef WSUV_TRANSPORT_HELD_INPUT_H_
#define WSUV_TRANSPORT_HELD_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

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

  void Append(const uint8_t* data, size_t size) {
    // What was worked off makes room once it is the larger part: so each byte moves once or twice.
    if (at_ > bytes_.size() / 2) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
    }
    bytes_.insert(bytes_.end(), data, data + size);
  }
  /// The first `count` bytes were parsed.
  void Skip(size_t count) { at_ += count; }

 private:
  std::vector<uint8_t> bytes_;
  size_t at_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_HELD_INPUT_H_
