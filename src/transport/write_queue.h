#ifndef WSUV_TRANSPORT_WRITE_QUEUE_H_
#define WSUV_TRANSPORT_WRITE_QUEUE_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "transport/block_pool.h"

namespace wsuv {

/// The bytes that a connection has still to write, in order. Holds no memory while it is empty.
/// Where there is no memory for more, the bytes are not added, and the caller ends the connection.
class WriteQueue {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }

  /// Room for `count` contiguous bytes at the end, which the caller must fill at once; null where
  /// there is no memory. `count` is below 4 GiB.
  uint8_t* Extend(size_t count, BlockPool& pool);
  /// Copies `count` bytes, of any number, to the end. False where there is no memory.
  bool Append(const uint8_t* bytes, size_t count, BlockPool& pool);
  /// Adds a block that the pool has given, but for its first `skip` bytes.
  void Add(WriteBlock* block, size_t skip);
  /// Describes the queue's first bytes in at most `max` buffers; returns how many it used.
  size_t Gather(uv_buf_t* buffers, size_t max) const;
  /// Describes the whole queue.
  std::vector<uv_buf_t> GatherAll() const;
  /// The first `count` bytes have been written.
  void Consume(size_t count, BlockPool& pool);
  /// Prepares for waiting: what fills less than half of a block moves to memory of its own size.
  void Settle(BlockPool& pool);
  /// Empties the queue and gives its blocks to the caller.
  WriteBlock* TakeAll();

 private:
  void Link(WriteBlock* block);

  WriteBlock* first_ = nullptr;
  WriteBlock* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_WRITE_QUEUE_H_
