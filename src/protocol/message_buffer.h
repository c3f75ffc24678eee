#ifndef WSUV_PROTOCOL_MESSAGE_BUFFER_H_
#define WSUV_PROTOCOL_MESSAGE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "protocol/assert.h"

namespace wsuv {

/// Memory of somebody else's for one message: whoever gets the message provides it, so that it can
/// be put where it is to stay. Destroying it gives the memory back.
class MessageMemory {
 public:
  MessageMemory(uint8_t* data, size_t size) : data_(data), size_(size) {}
  virtual ~MessageMemory() = default;
  MessageMemory(const MessageMemory&) = delete;
  MessageMemory& operator=(const MessageMemory&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t* data_;
  size_t size_;
};

/// Growing memory for a message that has not arrived whole. Never larger than twice what came.
class MessageBuffer {
 public:
  MessageBuffer() = default;
  ~MessageBuffer();
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;
  MessageBuffer(MessageBuffer&& other) noexcept;
  MessageBuffer& operator=(MessageBuffer&& other) noexcept;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  /// Makes room for `more` bytes, growing by doubling but not past `ceiling` where that is enough.
  /// False when there is no memory.
  bool Reserve(size_t more, uint64_t ceiling);
  /// Counts `count` bytes, already written behind size(), as arrived.
  void Commit(size_t count) {
    WSUV_ASSERT(count <= capacity_ - size_);
    size_ += count;
  }
  /// Forgets the bytes and keeps the memory.
  void Clear() { size_ = 0; }
  /// Goes on in `memory`, which must have room for what is here and for all that follows.
  void MoveTo(std::unique_ptr<MessageMemory> memory);
  /// Gives up what MoveTo() was given, with the bytes in it; null where it was not called.
  std::unique_ptr<MessageMemory> TakeMemory();

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  std::unique_ptr<MessageMemory> memory_;  // Where it is not our own.
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_BUFFER_H_
