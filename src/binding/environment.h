#ifndef WSUV_BINDING_ENVIRONMENT_H_
#define WSUV_BINDING_ENVIRONMENT_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "binding/async_scope.h"
#include "binding/context.h"
#include "binding/seam.h"
#include "transport/connection.h"
#include "transport/listener.h"
#include "transport/loop.h"

namespace wsuv {

/// All that the addon has in one Node.js environment (the main thread, or a worker): the loop, the
/// contexts, and the table from handles to connections. It is the environment's instance data.
///
/// A handle is a positive 31-bit integer: the low 20 bits are a slot, the others the slot's
/// generation. A slot is lib/'s from AssignHandle() until lib/ gives it back with ReleaseHandle(),
/// which it does when it has taken the handle from whoever had it: so no handle outlives its
/// connection. The generation, and that the slot longest free is used first, is a second line: a
/// call with such a handle throws in a build with assertions, and does nothing in others (see
/// FindGiven()).
class Environment final : public RoundObserver {
 public:
  /// Makes it and ties it to `env`: when the environment ends, every handle is closed, and then
  /// this is deleted.
  static Environment* Create(napi_env env);
  static Environment* From(napi_env env);

  napi_env env() const { return env_; }
  /// The class, as it was when the addon was loaded. Within a handle scope.
  napi_value ArrayBufferClass() const;
  /// The loop, started on first use; null once the environment is ending.
  Loop* loop();
  size_t open_sockets() const { return started_ ? loop_->open_sockets() : 0; }

  Context* AddContext(std::unique_ptr<Context> context);
  /// JavaScript has let go of `context`, which therefore has no connections.
  void RemoveContext(Context* context);
  /// For what may be finalized after the environment has ended.
  std::weak_ptr<Environment> weak() const { return self_; }

  /// Gives `connection` a handle (as its id) and counts it for its context. False when there are
  /// 2^20 connections already.
  bool AssignHandle(Connection& connection);
  /// The connection of `handle`; null where there is none.
  Connection* Find(uint32_t handle) const {
    const uint32_t slot = handle & kSlotMask;
    return slot < slots_.size() && slots_[slot].handle == handle ? slots_[slot].connection
                                                                 : nullptr;
  }
  /// The slot of a handle.
  static constexpr uint32_t SlotOf(uint32_t handle) { return handle & kSlotMask; }
  /// The context that a connection was given a handle for.
  static Context* ContextOf(const Connection& connection) {
    return static_cast<Context*>(connection.handler());
  }
  /// Where the connection's events are delivered; null where nobody has said.
  std::shared_ptr<AsyncScope> ScopeOf(uint32_t handle) const {
    const uint32_t slot = handle & kSlotMask;
    return slot < scopes_.size() ? scopes_[slot] : nullptr;
  }
  void SetScope(uint32_t handle, std::shared_ptr<AsyncScope> scope);
  /// The end of the connection is about to be delivered: from now on lib/ may release its handle.
  void AllowRelease(uint32_t handle);
  /// lib/ has let go of the connection, which is over: frees the handle and the connection. Does
  /// nothing for a handle of which AllowRelease() was not called.
  void ReleaseHandle(uint32_t handle);
  /// Text messages of the connection become strings: their bytes are not shown to users.
  void SetWantsText(uint32_t handle);
  bool WantsText(uint32_t handle) const { return slots_[handle & kSlotMask].wants_text; }
  /// Pieces of the connection's messages are passed on by lib/ at once, or not any more: their
  /// bytes are not shown to users.
  void SetLendsPieces(uint32_t handle, bool lends);
  bool LendsPieces(uint32_t handle) const { return slots_[handle & kSlotMask].lends_pieces; }

  void AddListener(Listener* listener);
  Listener* FindListener(uint32_t id) const;
  void ForgetListener(uint32_t id) { listeners_.erase(id); }

  /// The process exits: writes whatever is queued on any connection, and from now on at once.
  void BeginLastTurn();

  // RoundObserver
  void OnRound() override;
  bool HasEvents() const override;
  bool IsFull() const override;
  bool Trim() override;

 private:
  static constexpr uint32_t kSlotBits = kHandleSlotBits;
  static constexpr uint32_t kSlotMask = (1u << kSlotBits) - 1;
#ifdef WSUV_GENERATION_BITS  // The tests' model has one bit, so that generations come again soon.
  static constexpr uint32_t kGenerationMask = (1u << WSUV_GENERATION_BITS) - 1;
#else
  static constexpr uint32_t kGenerationMask = (1u << 11) - 1;
#endif

  struct Slot {
    Connection* connection = nullptr;
    uint32_t handle = 0;  // 0: free. Otherwise the generation and the slot's number.
    uint16_t generation = 0;
    bool is_over = false;
    bool wants_text = false;
    bool lends_pieces = false;
  };

  explicit Environment(napi_env env) : env_(env) {}
  void TellMemory(size_t size);
  static void OnCleanup(napi_async_cleanup_hook_handle handle, void* data);

  napi_env env_;
  napi_ref array_buffer_class_ = nullptr;
  std::shared_ptr<Environment> self_;  // Until the environment has ended.
  std::unique_ptr<Loop> loop_;
  bool started_ = false;
  bool ending_ = false;
  std::vector<Slot> slots_;
  std::vector<std::shared_ptr<AsyncScope>> scopes_;  // By slot, as far as there are any.
  std::deque<uint32_t> free_slots_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::unordered_map<uint32_t, Listener*> listeners_;
  uint32_t next_listener_ = 1;
  size_t told_memory_ = 0;  // The bytes that V8 takes us to have.
};

}  // namespace wsuv

#endif  // WSUV_BINDING_ENVIRONMENT_H_
