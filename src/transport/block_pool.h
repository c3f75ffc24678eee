#ifndef WSUV_TRANSPORT_BLOCK_POOL_H_
#define WSUV_TRANSPORT_BLOCK_POOL_H_

#include <cstddef>
#include <cstdint>

#include "protocol/bytes.h"

namespace wsuv {

struct EncodedFrame;

/// A piece of memory in a WriteQueue. The bytes follow it, or are those of a frame that several
/// queues refer to.
struct WriteBlock {
  WriteBlock* next;
  EncodedFrame* frame;  ///< Null: the bytes follow.
  size_t memory;        ///< The size of the memory that this is in.
  uint32_t capacity;
  uint32_t begin;  ///< The first byte that is still to be written.
  uint32_t end;    ///< Behind the last one.
  uint8_t kind;    ///< See BlockPool.

  uint8_t* own_bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
  uint8_t* data();
};

/// A frame that was encoded once, for all queues that wait with the same bytes: what 50 slow
/// readers of a broadcast have not taken is held once.
struct EncodedFrame {
  WriteBlock* storage;
  size_t references;
};

inline uint8_t* WriteBlock::data() {
  return frame == nullptr ? own_bytes() : frame->storage->own_bytes();
}

/// The memory for what a loop's connections write. It comes from the system in whole pages, is kept
/// for the next one who needs some, and goes back to the system when it has not been used for some
/// time: so a busy loop allocates nothing, and an idle one holds nothing.
class BlockPool {
 public:
  /// The bytes that a block of the usual size can hold, so that the answers of a round are one
  /// piece mostly (8 answers of 1 KiB cost 3% more in blocks of 4 KiB). Little of it is touched
  /// where little is sent.
  static constexpr size_t kBlockCapacity = 16384 - sizeof(WriteBlock);
  /// The most that is kept for later, of blocks of all sizes together.
  static constexpr size_t kMaxKept = 32 * 1024 * 1024;

  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// A block with room for at least `size` bytes, which is at most 4 GiB - 1; null where there is
  /// no memory.
  WriteBlock* Take(size_t size);
  /// A block with room for exactly `size` bytes, for what waits; null where there is no memory.
  WriteBlock* TakeExact(size_t size);
  /// Takes back a chain of blocks.
  void Give(WriteBlock* chain);

  /// A block that refers to the frame of `header` and `payload`. Where these are the bytes of the
  /// last frame that this was called for (a broadcast), it is that one. Null where there is no
  /// memory.
  WriteBlock* TakeFrame(ByteView header, ByteView payload);

  /// Whether these are the bytes that TakeFrame() was called for last.
  bool IsLast(ByteView header, ByteView payload) const;

  /// Call at intervals: gives back to the system what was not needed since the last time. Returns
  /// whether it is to be called again.
  bool Trim();
  /// Bytes of memory of all blocks, lent or kept.
  size_t memory() const { return memory_; }
  /// Bytes of those that are kept for later. For tests.
  size_t kept() const { return kept_; }

 private:
  // Blocks of 16 KiB, 32 KiB ... 1 MiB; the kind of a block is the place of its size.
  static constexpr size_t kSizes = 7;
  static constexpr uint8_t kPages = kSizes;          // Larger, from the system and back to it.
  static constexpr uint8_t kExact = kSizes + 1;      // From the allocator.
  static constexpr uint8_t kReference = kSizes + 2;  // The same, without bytes of its own.

  WriteBlock* Make(size_t memory, size_t capacity, uint8_t kind);
  void Free(WriteBlock* block);
  void GiveOne(WriteBlock* block);
  void Unreference(EncodedFrame* frame);

  WriteBlock* free_[kSizes] = {};
  size_t count_[kSizes] = {};
  size_t least_[kSizes] = {};  // The fewest that were free since Trim() was called.
  size_t memory_ = 0;
  size_t kept_ = 0;
  EncodedFrame* last_ = nullptr;
  bool last_was_used_ = false;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_BLOCK_POOL_H_
