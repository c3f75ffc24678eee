#ifndef WSUV_BINDING_EVENT_RING_H_
#define WSUV_BINDING_EVENT_RING_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace wsuv {

/// What a record says; the low byte of its first word. lib/native/dispatch.js knows the same numbers.
enum class EventKind : uint8_t {
  kText = 0,
  kBinary = 1,
  kPing = 2,
  kPong = 3,
  kPeerClose = 4,  ///< detail: the close code.
  kProtocolError =
      5,  ///< detail: the number in the message; flags: the ErrorCode; payload: zlib's sentence.
  kPeerEnd = 6,
  kWritten = 7,
  kOutput = 8,
  kClosed = 9,
  kUpgrade = 10,         ///< detail: the listener's id; flags: the UpgradeStatus.
  kListenerClosed = 11,  ///< detail: the listener's id.
  kCompressed = 12,      ///< What sendLater() was given is in the queue.
  kRaw = 13,             ///< All bytes that were read, for a socket that somebody reads from.
};

/// Flags of message records, in the second byte of the first word.
constexpr uint32_t kFlagAscii = 1;  ///< A text that is ASCII only.
constexpr uint32_t kFlagLarge = 2;  ///< offset is an index into the batch's list of buffers.

/// One record, as it lies in the memory that JavaScript sees as an Int32Array.
struct EventRecord {
  int32_t kind_and_flags;
  int32_t offset;  ///< In the slab.
  int32_t length;
  int32_t detail;
};
static_assert(sizeof(EventRecord) == 16, "lib/native/dispatch.js steps by four words");

/// Memory for event records that C++ and JavaScript share.
struct EventRing {
  static constexpr size_t kCapacity = 1024;

  napi_ref array = nullptr;  ///< The Int32Array.
  EventRecord* records = nullptr;
  size_t used = 0;
};

/// The rings of one context: more than one only while a single round has more records than fit.
class EventRings {
 public:
  /// A place for one record, and the ring it is in; null if JavaScript cannot give memory.
  EventRecord* Add(napi_env env, EventRing** ring) {
    if (current_ >= rings_.size() || rings_[current_]->used == EventRing::kCapacity) {
      if (!MakeRoom(env)) return nullptr;
    }
    *ring = rings_[current_].get();
    return &(*ring)->records[(*ring)->used++];
  }
  /// No record is in use any more.
  void Reset(napi_env env);
  /// Frees everything.
  void Clear(napi_env env);

 private:
  bool MakeRoom(napi_env env);

  std::vector<std::unique_ptr<EventRing>> rings_;
  size_t current_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_EVENT_RING_H_
