#include "protocol/message_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "protocol/memory.h"

namespace wsuv {
namespace {

// The smallest first allocation.
constexpr size_t kFirstCapacity = 256;

}  // namespace

MessageBuffer::MessageBuffer(MessageBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      memory_(std::move(other.memory_)) {}

MessageBuffer& MessageBuffer::operator=(MessageBuffer&& other) noexcept {
  // What was here goes with the temporary.
  MessageBuffer taken(std::move(other));
  std::swap(data_, taken.data_);
  std::swap(size_, taken.size_);
  std::swap(capacity_, taken.capacity_);
  std::swap(memory_, taken.memory_);
  return *this;
}

MessageBuffer::~MessageBuffer() {
  if (memory_ == nullptr) std::free(data_);
}

bool MessageBuffer::Reserve(size_t more, uint64_t ceiling) {
  if (capacity_ - size_ >= more) return true;
  if (memory_ != nullptr) return false;
  const size_t needed = size_ + more;
  if (needed < more) return false;
  size_t capacity = std::max(needed, std::max(2 * capacity_, kFirstCapacity));
  if (capacity > ceiling) capacity = std::max<size_t>(needed, static_cast<size_t>(ceiling));
  void* grown = Reallocate(data_, capacity);
  if (grown == nullptr) return false;
  data_ = static_cast<uint8_t*>(grown);
  capacity_ = capacity;
  return true;
}

void MessageBuffer::MoveTo(std::unique_ptr<MessageMemory> memory) {
  WSUV_ASSERT(memory != nullptr && memory->size() >= size_);
  if (size_ > 0) std::memcpy(memory->data(), data_, size_);
  if (memory_ == nullptr) std::free(data_);
  memory_ = std::move(memory);
  data_ = memory_->data();
  capacity_ = memory_->size();
}

std::unique_ptr<MessageMemory> MessageBuffer::TakeMemory() {
  if (memory_ != nullptr) {
    data_ = nullptr;
    size_ = capacity_ = 0;
  }
  return std::move(memory_);
}

}  // namespace wsuv
