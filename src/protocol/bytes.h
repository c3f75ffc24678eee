#ifndef WSUV_PROTOCOL_BYTES_H_
#define WSUV_PROTOCOL_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wsuv {

/// A view of bytes that somebody else owns; valid only as long as its source says.
struct ByteView {
  const uint8_t* data = nullptr;
  size_t size = 0;

  constexpr ByteView() = default;
  constexpr ByteView(const uint8_t* bytes, size_t count) : data(bytes), size(count) {}
  explicit ByteView(std::string_view text)
      : data(reinterpret_cast<const uint8_t*>(text.data())), size(text.size()) {}

  /// The same bytes as characters, unchanged.
  std::string_view text() const { return {reinterpret_cast<const char*>(data), size}; }
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_BYTES_H_
