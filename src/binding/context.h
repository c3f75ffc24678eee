#ifndef WSUV_BINDING_CONTEXT_H_
#define WSUV_BINDING_CONTEXT_H_

#include <node_api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "binding/event_ring.h"
#include "binding/javascript_memory.h"
#include "binding/lent_memory.h"
#include "binding/resources.h"
#include "binding/shared_memory.h"
#include "binding/staging.h"
#include "transport/connection.h"
#include "transport/listener.h"

namespace wsuv {

class Environment;

/// One evaluation of lib/: its JavaScript callback, and the events that wait for it.
///
/// Node loads an addon once per process, but lib/ can be evaluated many times in one environment
/// (Jest's module registry, a dependency that is installed twice); each evaluation has its own
/// classes, and its connections must come back to them.
///
/// What a connection reports is delivered in the order in which it was reported, whatever handlers
/// do meanwhile: its records wait in batches, and a delivery that is nested in a handler of the
/// same connection leaves them to the one that is under way.
class Context final : public ConnectionHandler, public ListenerHandler {
 public:
  /// `dispatch` is called as (records, memory, staging), `dispatch_more` with further pieces of
  /// memory behind these, and the cursor says the rest; see lib/native/dispatch.js. `endpoints` is
  /// an array: what is at a connection's slot is the asynchronous resource that its events belong
  /// to.
  Context(Environment* environment, napi_value dispatch, napi_value dispatch_more,
          napi_value endpoints);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Makes what every delivery needs. False where there is no memory.
  bool Prepare();
  bool HasEvents() const { return !batches_.empty() || !stream_batches_.empty(); }
  /// Delivers all events, each connection's in a callback scope of its own.
  void DeliverAll();
  /// Delivers, within the JavaScript call that is running, what waits of one connection, and
  /// nothing of others. Leaves it to the delivery under way, where `connection` has one.
  void DeliverOf(const Connection* connection);
  /// The connection is over, and about to be freed.
  void Forget(const Connection* connection);
  /// Whether records of a connection are being worked off.
  bool IsUnderWay(uint32_t handle);
  /// The connection was resumed: what waited for that is delivered in the next round.
  void Resumed(Connection* connection);
  /// An Int32Array; see CursorWord. Within a handle scope.
  napi_value Cursor() { return cursor_->View(napi_int32_array); }
  /// The records where none are given: an Int32Array. Within a handle scope.
  napi_value Ring() { return rings_.first().memory->View(napi_int32_array); }
  /// A Uint8Array: in its first half a record alone with at most kFewBytes is given to lib/, in the
  /// other lib/ puts so few that it sends. (Two, since hooks of async_hooks may send something
  /// before lib/ has seen the record.) Within a handle scope.
  napi_value Few() { return few_->View(napi_uint8_array); }
  /// What lib/ sends.
  const uint8_t* few_to_send() const {
    return few_ == nullptr ? nullptr : few_->data() + kFewBytes;
  }
  /// Tells lib/ what to do with the stream that it is working on; see calls_stream.cc.
  void set_stream_state(int32_t state) { cursor(CursorWord::kStream) = state; }
  /// Whether so much payload waits that it should be delivered before polling has ended.
  bool IsFull() const;
  /// As RoundObserver has it.
  bool Trim();
  /// Drops everything that refers to JavaScript; nothing is delivered any more.
  void Detach();

  /// Live connections and listeners hold the callbacks; without any, they may be collected.
  void Retain();
  void Unretain();

  // ConnectionHandler
  void OnUpgrade(Connection& connection, UpgradeStatus status, std::string_view bytes,
                 const RequestHead* head) override;
  void OnRaw(Connection& connection, ByteView bytes) override;
  uint8_t* Place(Connection& connection, size_t size) override;
  uint8_t* PlacePiece(Connection& connection, size_t size, bool is_last_frame) override;
  std::unique_ptr<MessageMemory> Allocate(Connection& connection, size_t size) override;
  Flow OnMessage(Connection& connection, const Message& message) override;
  Flow OnPiece(Connection& connection, const MessagePiece& piece) override;
  Flow OnPing(Connection& connection, ByteView payload) override;
  Flow OnPong(Connection& connection, ByteView payload) override;
  void OnPeerClose(Connection& connection, uint16_t code, ByteView reason) override;
  void OnProtocolError(Connection& connection, ErrorCode code, uint32_t detail,
                       std::string_view sentence) override;
  void OnPeerEnd(Connection& connection) override;
  void OnWritten(Connection& connection) override;
  void OnCompressed(Connection& connection) override;
  void OnOutput(Connection& connection) override;
  void OnFailed(Connection& connection, int status) override;
  void OnClosed(Connection& connection, int status) override;

  // ListenerHandler
  void OnListenerClosed(Listener& listener) override;

 private:
  // Memory that users will get, into which payloads of one read are unmasked straight away; or, of
  // pieces, such as lib/ gets for a moment.
  struct Placed {
    uint8_t* data() const { return lent != nullptr ? lent->data() : memory->data(); }
    size_t size() const { return lent != nullptr ? lent->size() : memory->size(); }

    std::unique_ptr<JavaScriptMemory> memory;
    std::shared_ptr<SharedMemory> lent;
    size_t used = 0;
    uint64_t read = 0;  // Which read of the loop it is for.
  };

  // One piece of memory of a batch: what was staged next to each other, or memory of its own.
  struct Piece {
    Staging::Chunk* chunk = nullptr;
    size_t first = 0;
    size_t last = 0;
    std::shared_ptr<Placed> placed;
    std::unique_ptr<OffsetList> ends;  // No memory, but the ends of a message's fragments.
  };

  // The records of one connection, next to each other in one ring.
  struct Batch {
    Connection* connection = nullptr;  // Null: a listener's, or one that was delivered.
    uint32_t handle = 0;
    bool closes = false;
    bool holds_bytes = false;  // Staged payloads that are not all text.
    EventRing* ring = nullptr;
    size_t start = 0;
    size_t end = 0;
    Piece first;
    std::vector<Piece> more;
    size_t staged = 0;  // The piece that was staged last: 0 for the first, or a place in `more`.
    std::unique_ptr<EventRing> own_ring;  // Where it waits longer than a round.
  };

  // Where a payload is.
  struct Payload {
    size_t piece = 0;
    size_t offset = 0;
  };

  // What had no place in a ring.
  struct Overflow {
    Connection* connection;
    EventKind kind;
    uint32_t flags;
    uint32_t detail;
  };

  int32_t& cursor(CursorWord word) {
    return reinterpret_cast<int32_t*>(cursor_->data())[static_cast<size_t>(word)];
  }
  // What a delivery has told lib/, which may not have seen it yet: hooks of async_hooks run before.
  struct Told {
    int32_t cursor[static_cast<size_t>(CursorWord::kCount)];
    uint8_t few[kFewBytes];
  };
  Told Remember();
  void Restore(const Told& told);
  std::vector<Batch>& BatchesOf(const Connection* connection);
  EventRecord* AddRecord(Connection* connection);
  EventRecord* OpenBatch(Connection* connection);
  void AddEvent(Connection* connection, EventKind kind, uint32_t flags, uint32_t detail);
  bool AddPayload(Connection& connection, EventKind kind, uint32_t flags, uint32_t detail,
                  const Message& message);
  bool StagePayload(ByteView bytes, Payload* payload);
  void AddStaged(Staging::Chunk* chunk, size_t offset, size_t size, Payload* payload);
  bool PlacePayload(const Message& message, Payload* payload);
  bool IsPlaced(const Message& message) const;
  bool AddFragmentEnds(const OffsetList& ends, EventRecord* record);
  std::shared_ptr<Placed> MakeOwn(const Message& message);
  std::shared_ptr<Placed> MakeForPieces(const Connection& connection, size_t size);
  bool PlaceAlone(Message* message);
  EventRecord* LastPiece(const Connection& connection);
  bool EndLastPiece(const Connection& connection);
  Flow OnControl(Connection& connection, EventKind kind, ByteView payload);
  void FailForMemory(Connection& connection);
  void FailDelivery(Batch& batch);
  EventRecord* DropInput(Batch& batch);
  bool IsLost(uint32_t handle) const {
    return std::find(lost_.begin(), lost_.end(), handle) != lost_.end();
  }

  void DeliverAt(std::vector<Batch>& batches, size_t index, bool in_javascript);
  void Deliver(Batch& batch, bool in_javascript);
  bool Begin(Batch& batch, bool in_javascript);
  static bool BeginsWithEnd(const Batch& batch);
  bool Hold(Batch& batch);
  bool Keep(Piece& piece);
  bool DeliverHeld(const Batch& next, bool in_javascript);
  void FinishDelivery();
  void ReportOverflow();
  napi_value MemoryOf(const Piece& piece);
  napi_value ResourceOf(const Batch& batch);
  bool PrepareArguments(const Batch& batch, std::vector<napi_value>& more, napi_value* fixed,
                        size_t* base);

  Environment* environment_;
  napi_env env_;
  napi_ref dispatch_ = nullptr;
  napi_ref dispatch_more_ = nullptr;
  std::unique_ptr<Resources> resources_;
  std::unique_ptr<SharedMemory> cursor_;
  std::unique_ptr<SharedMemory> few_;
  EventRings rings_;
  Staging staging_;
  LentMemory lent_;
  std::shared_ptr<Placed> placed_;
  std::shared_ptr<Placed> piece_;  // The same for the piece that was reported last.
  std::vector<Batch> batches_;
  std::vector<Batch> stream_batches_;  // Of connections whose bytes lib/ moves.
  std::vector<Batch> held_;            // Of paused connections, in order.
  // That of the last record, to which the next one of the same connection is added. Null where the
  // next record must begin another one.
  Batch* open_ = nullptr;
  // Handles of which this round has dropped input, for want of memory.
  std::vector<uint32_t> lost_;
  std::vector<Overflow> overflow_;
  std::vector<uint32_t> under_way_;  // The handles of the batches that are being delivered.
  size_t delivering_ = 0;            // Nested deliveries under way.
  size_t retained_ = 0;
  size_t waiting_bytes_ = 0;
  bool made_much_ = false;  // Memory for JavaScript, which waits for the end of the handle scope.
};

}  // namespace wsuv

#endif  // WSUV_BINDING_CONTEXT_H_
