#ifndef WSUV_BINDING_STAGING_H_
#define WSUV_BINDING_STAGING_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "binding/shared_memory.h"
#include "protocol/bytes.h"

namespace wsuv {

/// Where small payloads wait from the moment they are read until they are delivered: memory that is
/// used again every round, so that it is always warm, and that no user ever sees. What users get is
/// copied from here, into memory of the size of what one connection's batch holds.
class Staging {
 public:
  /// A batch's memory is never larger: what one read of Node's own sockets is, and what a view of
  /// one of ws's messages therefore keeps alive at most.
  static constexpr size_t kChunkSize = 64 * 1024;

  /// Where payloads lie next to each other.
  struct Chunk {
    std::unique_ptr<SharedMemory> memory;
    size_t used = 0;
  };

  /// Views start at multiples of eight, so that typed arrays of any kind can be laid over them.
  static constexpr size_t RoundUp(size_t size) { return (size + 7) & ~size_t{7}; }

  /// Copies `bytes`, at most kChunkSize of them and at least one; what rounding up adds is zeroed.
  /// Returns the chunk, and where in it they are; null where there is no memory.
  Chunk* Copy(napi_env env, ByteView bytes, size_t* offset) {
    const size_t room = RoundUp(bytes.size);
    if (current_ == nullptr || kChunkSize - current_->used < room) {
      if (!MakeRoom(env)) return nullptr;
    }
    uint8_t* place = current_->memory->data() + current_->used;
    const uint64_t zero = 0;
    std::memcpy(place + room - sizeof(zero), &zero, sizeof(zero));
    std::memcpy(place, bytes.data, bytes.size);
    *offset = current_->used;
    current_->used += room;
    return current_;
  }
  /// Nothing that was copied is needed any more.
  void Reset();
  /// Frees what no round since the last call of this has needed. Returns whether there is something
  /// left. Call it between rounds.
  bool Trim();
  /// Bytes that it has.
  size_t capacity() const { return chunks_.size() * kChunkSize; }
  /// Frees everything.
  void Clear() { FreeAllBut(0); }

 private:
  // The most chunks that are kept for the next round.
  static constexpr size_t kKeptChunks = 16;
  bool MakeRoom(napi_env env);
  void FreeAllBut(size_t count);

  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t filled_ = 0;         // So many of them are full.
  size_t needed_ = 0;         // The most that a round has used since Trim() was called.
  Chunk* current_ = nullptr;  // The one behind those that are full, if there is one.
};

}  // namespace wsuv

#endif  // WSUV_BINDING_STAGING_H_
