#ifndef WSUV_PROTOCOL_PLAIN_LIST_H_
#define WSUV_PROTOCOL_PLAIN_LIST_H_

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <type_traits>

#include "protocol/assert.h"
#include "protocol/memory.h"

namespace wsuv {

/// A vector of plain values that may fail to grow: for as many as a peer decides.
template <typename T>
class PlainList {
  static_assert(std::is_trivially_copyable<T>::value, "it is moved by realloc()");

 public:
  PlainList() = default;
  ~PlainList() { std::free(data_); }
  PlainList(const PlainList&) = delete;
  PlainList& operator=(const PlainList&) = delete;

  size_t size() const { return size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

  /// Room for `more` values that are then appended. False when there is no memory.
  bool Reserve(size_t more) {
    if (more <= capacity_ - size_) return true;
    const size_t capacity = std::max(size_ + more, 2 * capacity_);
    void* grown = Reallocate(data_, capacity * sizeof(T));
    if (grown == nullptr) return false;
    data_ = static_cast<T*>(grown);
    capacity_ = capacity;
    return true;
  }
  /// Adds a value for which there is room.
  void Append(const T& value) {
    WSUV_ASSERT(size_ < capacity_);
    data_[size_++] = value;
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_PLAIN_LIST_H_
