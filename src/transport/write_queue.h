#ifndef WSUV_TRANSPORT_WRITE_QUEUE_H_
#define WSUV_TRANSPORT_WRITE_QUEUE_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wsuv {

/// A piece of memory in a WriteQueue; the bytes follow the header.
struct WriteBlock {
  WriteBlock* next;
  uint32_t capacity;
  uint32_t begin;  ///< The first byte that is still to be written.
  uint32_t end;    ///< Behind the last one.
  bool staging;    ///< See BlockPool.

  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
};

/// Keeps blocks of the usual size for the next one who needs them, so that sending allocates
/// nothing once a loop is warm. Belongs to a loop.
class BlockPool {
 public:
  /// The bytes that a pooled block can hold, so that the answers of a round are one piece mostly
  /// (8 answers of 1 KiB cost 3% more in blocks of 4 KiB). Little of it is touched where little is
  /// sent.
  static constexpr size_t kBlockCapacity = 16384 - sizeof(WriteBlock);
  /// The most blocks that are kept: 16 MiB.
  static constexpr size_t kMaxKept = 1024;
  /// Staging blocks are for payloads that do not fit into the usual ones. They hold what is written
  /// at once, so that a connection that is served alone finds the same memory, warm, again and
  /// again (echo of 16 KiB: 5.2 microseconds a message without them, 5.0 with them).
  static constexpr size_t kStagingCapacity = 160 * 1024 - sizeof(WriteBlock);
  /// So many staging blocks can be in use; for further payloads, memory of their size is allocated.
  static constexpr size_t kMaxStaging = 8;

  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// A block with room for at least `size` bytes; at most 4 GiB - 1.
  WriteBlock* Take(size_t size);
  /// Takes back a chain of blocks.
  void Give(WriteBlock* chain);

 private:
  WriteBlock* TakeStaging();

  WriteBlock* free_ = nullptr;
  size_t kept_ = 0;
  WriteBlock* free_staging_ = nullptr;
  size_t staging_in_use_ = 0;
};

/// The bytes that a connection has still to write, in order. Holds no memory while it is empty.
class WriteQueue {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }

  /// Room for `count` contiguous bytes at the end, which the caller must fill at once. `count` is
  /// below 4 GiB.
  uint8_t* Extend(size_t count, BlockPool& pool);
  /// Copies `count` bytes, of any number, to the end.
  void Append(const uint8_t* bytes, size_t count, BlockPool& pool);
  /// Describes the queue's first bytes in at most `max` buffers; returns how many it used.
  size_t Gather(uv_buf_t* buffers, size_t max) const;
  /// Describes the whole queue.
  std::vector<uv_buf_t> GatherAll() const;
  /// The first `count` bytes have been written.
  void Consume(size_t count, BlockPool& pool);
  /// Prepares for waiting: what lies in staging blocks, or fills less than half of a pooled one,
  /// moves to memory of its own size.
  void Settle(BlockPool& pool);
  /// Empties the queue and gives its blocks to the caller.
  WriteBlock* TakeAll();

 private:
  WriteBlock* first_ = nullptr;
  WriteBlock* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_WRITE_QUEUE_H_
