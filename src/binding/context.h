#ifndef WSUV_BINDING_CONTEXT_H_
#define WSUV_BINDING_CONTEXT_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "binding/async_scope.h"
#include "binding/event_ring.h"
#include "binding/javascript_memory.h"
#include "binding/slab.h"
#include "transport/connection.h"
#include "transport/listener.h"

namespace wsuv {

class Environment;

/// One evaluation of lib/: its JavaScript callback, and the events that wait for it.
///
/// Node loads an addon once per process, but lib/ can be evaluated many times in one environment
/// (Jest's module registry, a dependency that is installed twice); each evaluation has its own
/// classes, and its connections must come back to them.
class Context final : public ConnectionHandler, public ListenerHandler {
 public:
  /// `dispatch` is called as (handle, records, start, end, slab, buffers); see lib/native/dispatch.js.
  /// `cursor` is an Int32Array of two: in the first it notes the record behind the one that it
  /// works on; the second is for set_stream_state().
  Context(Environment* environment, napi_value dispatch, napi_value cursor);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Environment* environment() const { return environment_; }
  bool HasEvents() const { return !batches_.empty(); }
  /// Delivers all events, each connection's in a callback scope of its own.
  void DeliverAll();
  /// Events reported from now on can be delivered by DeliverFrom(the result).
  size_t Mark();
  /// Delivers, within the JavaScript call that is running, what was reported of a connection
  /// before, so that nothing that it reports now comes first.
  void DeliverPending(const Connection* connection);
  /// Delivers, within the JavaScript call that is running, the events reported since Mark().
  void DeliverFrom(size_t mark);
  /// Tells lib/ what to do with the stream that it is working on; see calls_stream.cc.
  void set_stream_state(int32_t state) { cursor_word_[1] = state; }
  /// Whether so much payload waits that it should be delivered before polling has ended.
  bool IsFull() const;
  /// Drops everything that refers to JavaScript; nothing is delivered any more.
  void Detach();

  /// Live connections and listeners hold the callback; without any, it may be collected.
  void Retain();
  void Unretain();
  bool idle() const { return retained_ == 0; }

  // ConnectionHandler
  void OnUpgrade(Connection& connection, UpgradeStatus status, std::string_view bytes,
                 const RequestHead* head) override;
  void OnRaw(Connection& connection, ByteView bytes) override;
  uint8_t* Place(size_t size) override;
  std::unique_ptr<MessageMemory> Allocate(size_t size) override;
  Flow OnMessage(Connection& connection, const Message& message) override;
  Flow OnPing(Connection& connection, ByteView payload) override;
  Flow OnPong(Connection& connection, ByteView payload) override;
  void OnPeerClose(Connection& connection, uint16_t code, ByteView reason) override;
  void OnProtocolError(Connection& connection, ErrorCode code, uint32_t detail,
                       std::string_view sentence) override;
  void OnPeerEnd(Connection& connection) override;
  void OnWritten(Connection& connection) override;
  void OnCompressed(Connection& connection) override;
  void OnOutput(Connection& connection) override;
  void OnClosed(Connection& connection) override;

  // ListenerHandler
  void OnListenerClosed(Listener& listener) override;

 private:
  // A payload with memory of its own, or in several frames.
  struct LargeMessage {
    std::unique_ptr<JavaScriptMemory> memory;
    std::vector<size_t> fragment_ends;
  };

  // The records of one connection, next to each other in one ring and with one slab.
  struct Batch {
    Connection* connection = nullptr;  // Null: a listener's.
    uint32_t handle = 0;
    bool closes = false;
    EventRing* ring = nullptr;
    size_t start = 0;
    size_t end = 0;
    std::shared_ptr<Slab> slab;
    std::vector<LargeMessage> large;
  };

  void Add(Connection* connection, EventKind kind, uint32_t flags, ByteView payload,
           uint32_t detail);
  Batch* AddRecord(Connection* connection, EventKind kind, uint32_t flags, int32_t offset,
                   size_t length, uint32_t detail);
  bool AddLarge(Connection* connection, EventKind kind, uint32_t flags, const Message& message);
  void Deliver(Batch& batch, bool in_javascript);
  void DeliverAt(size_t index, bool in_javascript);
  void AddPayload(Connection& connection, EventKind kind, uint32_t flags, const Message& message);
  napi_value LargeMessages(Batch& batch);
  void FinishDelivery();

  Environment* environment_;
  napi_env env_;
  napi_ref dispatch_ = nullptr;
  napi_ref cursor_ = nullptr;
  std::shared_ptr<AsyncScope> scope_;  // For what has none of its own.
  int32_t* cursor_word_ = nullptr;
  EventRings rings_;
  SlabAllocator slabs_;
  std::vector<Batch> batches_;
  size_t delivering_ = 0;  // Nested deliveries under way.
  size_t retained_ = 0;
  size_t waiting_bytes_ = 0;
  bool sealed_ = false;  // The next record begins a new batch.
};

}  // namespace wsuv

#endif  // WSUV_BINDING_CONTEXT_H_
