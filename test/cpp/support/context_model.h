#ifndef WSUV_TEST_SUPPORT_CONTEXT_MODEL_H_
#define WSUV_TEST_SUPPORT_CONTEXT_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "binding/context.h"
#include "binding/environment.h"
#include "support/fake_node_api.h"
#include "support/model_peer.h"
#include "support/script.h"

namespace wsuv::test {

/// Context and Environment with everything below them, and above them a Node.js of the tests' own
/// and handlers that do anything at any moment: other connections are terminated, paused, resumed,
/// fed and made in the middle of a delivery, handlers throw, JavaScript has no memory, the
/// environment ends.
///
/// What must hold, whatever a script says:
///
/// - What a connection's records say is what its own peer said, in that order, and all of it unless
///   the connection was terminated or ended with an error. Nothing comes after its end.
/// - Records name a connection that JavaScript knows; the asynchronous resource and context are
/// its.
/// - A delivery that is nested in a handler is of the connection that was fed, and never of one
///   whose records are being worked off.
/// - Of a connection that was terminated nothing is delivered that it received, and of a paused one
///   neither, unless that delivery had begun, but for the peer's end behind nothing else.
/// - Memory that goes to JavaScript holds the connection's own bytes and zeros.
/// - In the end each slot was given back, and nothing refers to JavaScript's functions any more.
class ContextModel {
 public:
  ContextModel(const uint8_t* data, size_t size);
  ~ContextModel();

  /// Plays the script; returns what does not hold, or nothing.
  std::string Run();

  /// Records that were delivered, and handlers that did something. For tests that want many.
  size_t records() const { return records_; }
  size_t actions() const { return actions_; }

 private:
  // One evaluation of lib/.
  struct Module {
    Context* context = nullptr;
    int32_t* cursor = nullptr;
    std::shared_ptr<FakeValue> dispatch;
    std::shared_ptr<FakeValue> dispatch_more;
    std::shared_ptr<FakeValue> endpoints;
    std::shared_ptr<FakeValue> cursor_view;
    std::shared_ptr<FakeValue> ring;
    std::shared_ptr<FakeValue> few;
  };
  // The delivery of one batch.
  struct Delivery {
    uint32_t handle = 0;
    size_t at = 0;
    bool was_muted = false;
    bool was_paused = false;
    bool is_detached = false;  // A handler has transferred its memory.
  };
  // The arguments of a delivery.
  struct Arguments {
    FakeValue* memory;
    FakeValue* staging;
    size_t base;
    FakeValue* few;
    std::vector<FakeValue*> more;
  };

  void Fault(const std::string& text);
  void MakeModule(Module& module);
  ModelPeer* PeerOf(uint32_t handle);
  Connection* ConnectionOf(ModelPeer* peer);
  ModelPeer* AnyPeer();

  // What the addon calls.
  bool Dispatch(Module& module, FakeValue* receiver, const std::vector<FakeValue*>& arguments);
  bool WorkOff(Module& module, Delivery& delivery, int32_t* records, size_t end,
               const Arguments& arguments);
  bool WorkOffNobodys(Module& module, uint32_t handle, int32_t* records, size_t at, size_t end);
  void CheckCall(Module& module, ModelPeer* peer, uint32_t handle, FakeValue* receiver);
  void CheckMemory(ModelPeer* peer, const int32_t* records, size_t at, size_t end,
                   const Arguments& arguments);
  std::string PayloadOf(ModelPeer* peer, const int32_t* record, const Arguments& arguments,
                        bool* is_there);
  void OnRecord(Module& module, ModelPeer* peer, const int32_t* record, const Arguments& arguments,
                Delivery& delivery);
  void OnUpgrade(Module& module, uint32_t handle, const int32_t* record,
                 const Arguments& arguments);
  void CheckExpected(ModelPeer* peer, const int32_t* record, const Arguments& arguments,
                     bool is_detached);
  void CheckPiece(ModelPeer* peer, const int32_t* record, const Arguments& arguments,
                  bool is_detached);
  void OnClosed(Module& module, ModelPeer* peer);

  // What handlers, and everybody else, may do.
  void Act(Delivery* delivery, const Arguments* arguments);
  void Connect(ModelPeer::Kind kind);
  void Talk(ModelPeer* peer);
  void Decide(ModelPeer* peer);
  void Terminate(ModelPeer* peer);
  void Resume(ModelPeer* peer);
  template <typename Action>
  void Report(ModelPeer* peer, Action action);
  void Feed(ModelPeer* peer);
  void CloseStream(ModelPeer* peer);
  void Pump(ModelPeer* peer);
  void Turn();
  bool IsSettled();
  void Drain();
  void EndEnvironment();

  Script script_;
  uv_loop_t loop_;
  uv_timer_t keep_alive_;
  FakeNode node_;
  Environment* environment_ = nullptr;
  Module modules_[2];
  Listener* listeners_[2] = {};
  std::shared_ptr<ConnectionSettings> settings_;
  std::shared_ptr<ConnectionSettings> streaming_settings_;  // With a threshold.
  std::vector<std::unique_ptr<ModelPeer>> peers_;
  std::vector<Delivery> interrupted_;  // Deliveries in which a handler has thrown.
  std::vector<uint32_t> reports_;      // The connections that are being fed.
  std::string fault_;
  size_t depth_ = 0;
  size_t alive_ = 0;
  size_t most_alive_ = 0;
  size_t throws_ = 0;
  size_t records_ = 0;
  size_t actions_ = 0;
  size_t listeners_closed_ = 0;
  bool is_draining_ = false;
  bool has_ended_ = false;
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_CONTEXT_MODEL_H_
