#ifndef WSUV_TRANSPORT_LOOP_H_
#define WSUV_TRANSPORT_LOOP_H_

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "transport/compression.h"
#include "transport/deadline_list.h"
#include "transport/write_queue.h"

namespace wsuv {

class Connection;
class Listener;

/// Is told when events that connections reported should be worked off.
class RoundObserver {
 public:
  /// The loop has polled; deliver what was reported. May call anything of the transport.
  virtual void OnRound() = 0;
  /// Whether there is something for OnRound() to deliver.
  virtual bool HasEvents() const = 0;
  /// Whether so much is waiting that it should be delivered before polling has ended.
  virtual bool IsFull() const = 0;

 protected:
  ~RoundObserver() = default;
};

/// What all connections of one uv_loop_t share: the read buffer, the pool of write blocks, the
/// deadlines, and the round in which events are delivered and queued writes are flushed.
///
/// Its own handles do not keep the uv loop alive. It must outlive its connections and listeners;
/// Shutdown() sees to that.
class Loop {
 public:
  /// Every socket reads into one buffer of this size. At 256 KiB a read empties the kernel's
  /// receive buffer in one call almost always, and an idle connection owns no memory for reading.
  static constexpr size_t kReadBufferSize = 256 * 1024;

  explicit Loop(uv_loop_t* loop);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Starts the round's handles. `observer` may be null and must outlive the loop.
  void Start(RoundObserver* observer);

  /// Closes every connection and listener and the loop's own handles; calls `done` when libuv has
  /// let go of all of them, from a callback of the uv loop. After that the Loop may be destroyed.
  void Shutdown(std::function<void()> done);

  uv_loop_t* uv() const { return uv_; }
  BlockPool& pool() { return pool_; }
  /// What compressing connections share, made on first use.
  CompressionPool& compression();
  /// The shared read buffer, made on first use.
  uint8_t* read_buffer();
  /// Four random bytes for the masking key of a client's frame (RFC 6455 5.3).
  void NextMaskingKey(uint8_t* key);
  bool shutting_down() const { return shutting_down_; }

  /// Delivers events, works off postponed input and flushes what was written, until nothing is
  /// left to do. Called after polling; transport code calls it where libuv runs callbacks at
  /// another time (timers, close callbacks), so that nothing waits for a poll that may not come.
  void RunRound();

  /// Call after every read: runs a round early if the observer is full.
  void AfterRead() {
    if (observer_ != nullptr && observer_->IsFull()) RunRound();
  }

  /// Remembers that `connection` has something to flush before the loop polls again.
  void MarkDirty(Connection* connection);
  /// Remembers that `connection` has input that was read earlier.
  void MarkPostponed(Connection* connection);

  /// Flushes every connection that is marked dirty.
  void FlushDirty();

  void ArmDeadline(DeadlineEntry* entry, uint64_t milliseconds);
  void DisarmDeadline(DeadlineEntry* entry);

  /// Handles that are open: connections, listeners, and the loop's own where it runs. For tests.
  size_t open_handles() const;
  /// Of those, the connections and listeners.
  size_t open_sockets() const { return connections_.size() + listeners_.size(); }

  /// Terminates the connections of `listener` that have sent no whole request head.
  void DropHeads(Listener* listener);

  // For Connection and Listener: on being made, before being deleted, and after that. The last one
  // may end the shutdown, after which the loop is gone.
  void Add(Connection* connection);
  void Remove(Connection* connection);
  void Add(Listener* listener);
  void Remove(Listener* listener);
  void AfterDelete();

 private:
  static void OnTimer(uv_timer_t* timer);
  static void OnPrepare(uv_prepare_t* prepare);
  static void OnCheck(uv_check_t* check);
  static void OnOwnHandleClosed(uv_handle_t* handle);
  bool ReadPostponed();
  void ScheduleTimer();
  void TrimCompression();

  uv_loop_t* uv_;
  RoundObserver* observer_ = nullptr;
  uv_timer_t timer_;
  uv_prepare_t prepare_;
  uv_check_t check_;
  std::unique_ptr<uint8_t[]> read_buffer_;
  std::array<uint8_t, 4096> random_;
  size_t random_used_ = sizeof(random_);
  BlockPool pool_;
  std::unique_ptr<CompressionPool> compression_;
  DeadlineEntry trim_deadline_;  // For the compression pool.
  DeadlineList deadlines_;
  uint64_t timer_due_ = DeadlineList::kNever;
  std::vector<Connection*> dirty_;
  std::vector<Connection*> postponed_;
  std::vector<Connection*> connections_;
  std::vector<Listener*> listeners_;
  int own_handles_ = 0;
  bool running_round_ = false;
  bool shutting_down_ = false;
  std::function<void()> on_shutdown_;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_LOOP_H_
