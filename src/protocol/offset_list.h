#ifndef WSUV_PROTOCOL_OFFSET_LIST_H_
#define WSUV_PROTOCOL_OFFSET_LIST_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "protocol/assert.h"
#include "protocol/memory.h"

namespace wsuv {

/// Offsets in ascending order, as many as a peer sends fragments: a vector that may fail to grow.
class OffsetList {
 public:
  OffsetList() = default;
  ~OffsetList() { std::free(data_); }
  OffsetList(const OffsetList&) = delete;
  OffsetList& operator=(const OffsetList&) = delete;
  OffsetList(OffsetList&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  OffsetList& operator=(OffsetList&& other) noexcept {
    OffsetList taken(std::move(other));
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    std::swap(capacity_, taken.capacity_);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t capacity() const { return capacity_; }
  const size_t* begin() const { return data_; }
  const size_t* end() const { return data_ + size_; }
  size_t operator[](size_t index) const {
    WSUV_ASSERT(index < size_);
    return data_[index];
  }
  /// The last one; 0 where there is none.
  size_t last() const { return size_ == 0 ? 0 : data_[size_ - 1]; }

  /// False when there is no memory.
  bool Append(size_t offset) {
    WSUV_ASSERT(offset >= last());
    if (size_ == capacity_ && !Grow(capacity_ == 0 ? kFirstCapacity : 2 * capacity_)) return false;
    data_[size_++] = offset;
    return true;
  }
  /// Becomes the same as `other`. False when there is no memory.
  bool CopyFrom(const OffsetList& other) {
    if (other.size_ > capacity_ && !Grow(other.size_)) return false;
    if (other.size_ > 0) std::memcpy(data_, other.data_, other.size_ * sizeof(size_t));
    size_ = other.size_;
    return true;
  }

 private:
  static constexpr size_t kFirstCapacity = 8;

  bool Grow(size_t capacity) {
    void* grown = Reallocate(data_, capacity * sizeof(size_t));
    if (grown == nullptr) return false;
    data_ = static_cast<size_t*>(grown);
    capacity_ = capacity;
    return true;
  }

  size_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_OFFSET_LIST_H_
