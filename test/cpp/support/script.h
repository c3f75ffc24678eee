#ifndef WSUV_TEST_SUPPORT_SCRIPT_H_
#define WSUV_TEST_SUPPORT_SCRIPT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace wsuv::test {

/// What a fuzzer has made up, as decisions: takes small numbers off the front of it.
class Script {
 public:
  Script(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  uint8_t Byte() {
    if (size_ == 0) return 0;
    size_--;
    return *data_++;
  }
  /// A number below `limit`, which is at most 65536.
  size_t Below(size_t limit) {
    const size_t high = limit > 256 ? Byte() : 0;
    return (high << 8 | Byte()) % limit;
  }
  bool Flag() { return Byte() % 2 == 1; }
  std::string Text(size_t count) {
    count = std::min(count, size_);
    std::string text(reinterpret_cast<const char*>(data_), count);
    data_ += count;
    size_ -= count;
    return text;
  }
  std::string Rest() { return Text(size_); }

 private:
  const uint8_t* data_;
  size_t size_;
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_SCRIPT_H_
