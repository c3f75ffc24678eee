#ifndef WSUV_BINDING_SLAB_H_
#define WSUV_BINDING_SLAB_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "binding/javascript_memory.h"
#include "protocol/bytes.h"
#include "protocol/message_reader.h"

namespace wsuv {

/// A block of memory that JavaScript owns, into which payloads of received messages are copied one
/// behind the other; JavaScript makes views of it. It lives as long as something refers to it.
struct Slab {
  std::unique_ptr<JavaScriptMemory> memory;
  size_t used = 0;
};

/// Hands out places in slabs, a new slab when one is full.
class SlabAllocator {
 public:
  /// As large as the chunks that Node's own sockets read, and that views of ws's messages keep
  /// alive: so a program that keeps a small message pins no more than under ws.
  static constexpr size_t kSlabSize = 64 * 1024;
  /// Larger payloads get memory of their own.
  static constexpr size_t kMaxPayload = kMaxPlacedMessage;

  /// Copies `bytes` (at most kMaxPayload) into the current slab. Returns the offset there, or -1
  /// if JavaScript cannot give memory.
  int32_t Copy(napi_env env, ByteView bytes) {
    uint8_t* place = Place(env, bytes.size);
    if (place == nullptr) return -1;
    if (place != bytes.data && bytes.size > 0) std::memcpy(place, bytes.data, bytes.size);
    const size_t offset = current_->used;
    current_->used += RoundUp(bytes.size);
    return static_cast<int32_t>(offset);
  }
  /// Where Copy() would put `size` bytes; whoever puts them there saves its copying. Null if
  /// JavaScript cannot give memory.
  uint8_t* Place(napi_env env, size_t size) {
    if (!checked_ || current_ == nullptr || kSlabSize - current_->used < RoundUp(size)) {
      if (!MakeRoom(env, size)) return nullptr;
    }
    return current_->memory->data() + current_->used;
  }
  const std::shared_ptr<Slab>& current() const { return current_; }

  /// Call after JavaScript ran: it may have detached the slab's ArrayBuffer.
  void Invalidate() { checked_ = false; }
  void Clear() { current_.reset(); }

 private:
  // Views start at multiples of eight, so that typed arrays of any kind can be laid over them.
  static size_t RoundUp(size_t size) { return (size + 7) & ~size_t{7}; }
  bool MakeRoom(napi_env env, size_t size);
  bool Renew(napi_env env);
  bool IsAttached(napi_env env) const;

  std::shared_ptr<Slab> current_;
  bool checked_ = false;
  uint32_t renewed_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_SLAB_H_
