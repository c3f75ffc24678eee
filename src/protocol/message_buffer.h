#ifndef WSUV_PROTOCOL_MESSAGE_BUFFER_H_
#define WSUV_PROTOCOL_MESSAGE_BUFFER_H_

#include <cstddef>
#include <cstdint>

namespace wsuv {

/// Growing memory for a message that has not arrived whole. Never larger than twice what came.
class MessageBuffer {
 public:
  MessageBuffer() = default;
  ~MessageBuffer();
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;
  MessageBuffer(MessageBuffer&& other) noexcept;
  MessageBuffer& operator=(MessageBuffer&&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  /// Makes room for `more` bytes, growing by doubling but not past `ceiling` where that is enough.
  /// False when there is no memory.
  bool Reserve(size_t more, uint64_t ceiling);
  /// Counts `count` bytes, already written behind size(), as arrived.
  void Commit(size_t count) { size_ += count; }
  /// Forgets the bytes and keeps the memory.
  void Clear() { size_ = 0; }
  /// Gives the memory away: the caller must free() it.
  uint8_t* Release();

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_BUFFER_H_
