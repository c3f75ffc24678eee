#ifndef WSUV_BINDING_EVENT_RING_H_
#define WSUV_BINDING_EVENT_RING_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "binding/seam.h"
#include "binding/shared_memory.h"

namespace wsuv {

/// Whether a record tells of what the peer sent: such records of a connection that was terminated
/// are not delivered, if their delivery has not begun.
constexpr bool IsInput(EventKind kind) {
  return kind <= EventKind::kPeerEnd || kind == EventKind::kRaw || kind == EventKind::kPiece;
}

/// One record, as it lies in the memory that JavaScript sees as an Int32Array. The first word is
/// kind | flags << 8 | memory << 16, where `memory` says in which of the batch's pieces of memory
/// the payload lies.
struct EventRecord {
  int32_t head;
  int32_t offset;  ///< In that memory.
  int32_t length;
  int32_t detail;
};
static_assert(sizeof(EventRecord) == kRecordWords * sizeof(int32_t), "lib/ steps by so many words");

/// Memory for event records that C++ and JavaScript share.
struct EventRing {
  static constexpr size_t kCapacity = 1024;

  static std::unique_ptr<EventRing> Create(napi_env env, size_t capacity);

  EventRecord* records() { return reinterpret_cast<EventRecord*>(memory->data()); }

  std::unique_ptr<SharedMemory> memory;
  size_t used = 0;
};

/// The rings of one context: more than one only while a single round has more records than fit.
class EventRings {
 public:
  /// Makes the first ring, so that there is a place for the record of an error whatever happens
  /// later. False where there is no memory.
  bool Prepare(napi_env env);
  /// A place for one record, and the ring it is in; null if there is no memory.
  EventRecord* Add(napi_env env, EventRing** ring) {
    if (rings_[current_]->used == EventRing::kCapacity && !MakeRoom(env)) return nullptr;
    *ring = rings_[current_].get();
    return &(*ring)->records()[(*ring)->used++];
  }
  /// The one that is always there.
  EventRing& first() { return *rings_[0]; }
  /// No record is in use any more.
  void Reset();
  /// Frees everything; nothing can be added after that.
  void Clear();

 private:
  bool MakeRoom(napi_env env);

  std::vector<std::unique_ptr<EventRing>> rings_;
  size_t current_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_EVENT_RING_H_
