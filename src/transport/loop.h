#ifndef WSUV_TRANSPORT_LOOP_H_
#define WSUV_TRANSPORT_LOOP_H_

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "transport/compression.h"
#include "transport/deadline_list.h"
#include "transport/heap_trimmer.h"
#include "transport/turn_budget.h"
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
  /// Frees memory that was kept for later and has not been needed since the last call. Returns
  /// whether there is some left.
  virtual bool Trim() = 0;

 protected:
  ~RoundObserver() = default;
};

/// What all connections of one uv_loop_t share: the read buffer, the pool of write blocks, the
/// deadlines, and the round in which events are delivered and queued writes are flushed.
///
/// A turn of the uv loop is: poll, deliver what was read, flush what was sent, judge the deadlines,
/// and then give each connection whose input is held one budget, for some milliseconds.
///
/// Its own handles do not keep the uv loop alive. It must outlive its connections and listeners;
/// Shutdown() sees to that.
class Loop {
 public:
  /// Every socket reads into one buffer of this size. At 256 KiB a read empties the kernel's
  /// receive buffer in one call almost always, and an idle connection owns no memory for reading.
  static constexpr size_t kReadBufferSize = 256 * 1024;
  /// At this interval, in milliseconds, memory that was not used since the last time is given back.
  static constexpr uint64_t kTrimInterval = 3000;

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

  /// Delivers events and flushes what was written, until nothing is left to do. Called after
  /// polling; transport code calls it where libuv runs callbacks at another time (close callbacks),
  /// so that nothing waits for a poll that may not come.
  void RunRound();
  /// A delivery begins: what its handlers send leaves at its end, unless FlushIfLate() is called.
  void BeginDelivery();
  /// Flushes where the delivery, or its last flush, began some time ago. Call after each handler.
  void FlushIfLate() {
    if (!dirty_.empty()) FlushLate();
  }

  /// Whether the first thing that a connection sends in a turn leaves at once: not while events are
  /// delivered.
  bool sends_at_once() const { return !running_round_; }
  /// The process is about to exit: writes what is queued, and everything that is sent from now on
  /// at once.
  void BeginLastTurn();
  bool is_last_turn() const { return is_last_turn_; }

  /// Somebody keeps memory for later: sees to it that it is freed if it is not used.
  void ArmTrim() {
    if (trim_deadline_.bucket == nullptr) {
      ArmDeadline(&trim_deadline_, kTrimInterval);
    }
  }

  /// About how many bytes of memory connections have here: what waits to be written, what was read
  /// and waits, and what compresses.
  size_t memory() const {
    return pool_.memory() + budget_.held() + (compression_ == nullptr ? 0 : compression_->memory());
  }

  TurnBudget& budget() { return budget_; }
  /// A connection begins to parse a read of `size` bytes.
  void BeginRead(size_t size) {
    reads_++;
    read_left_ = size;
  }
  /// Counts the reads.
  uint64_t reads() const { return reads_; }
  /// The most memory that the rest of the read may need.
  size_t read_left() const { return read_left_; }
  void UseReadLeft(size_t size) { read_left_ -= size < read_left_ ? size : read_left_; }
  /// Whether the turn before this one took so long that connections may be waiting in numbers.
  bool last_turn_was_long() const { return last_turn_was_long_; }
  /// The time, in milliseconds, on the clock of uv_now(), which itself stands still for the whole
  /// of a turn.
  static uint64_t Now() { return uv_hrtime() / 1000000; }

  /// Call after every read: runs a round early if the observer is full.
  void AfterRead() {
    if (observer_ != nullptr && observer_->IsFull()) RunRound();
  }

  /// Remembers that `connection` has something to flush before the loop polls again.
  void MarkDirty(Connection* connection);
  /// Remembers that `connection` has input that was read earlier: it gets a budget in each of the
  /// coming turns, in order, until nothing is left.
  void MarkHeld(Connection* connection);
  void UnmarkHeld(Connection* connection);

  /// Flushes every connection that is marked dirty.
  void FlushDirty();

  /// `milliseconds` from now, and judged once the loop has polled after that: what has arrived by
  /// then counts.
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
  static void OnIdle(uv_idle_t* idle);
  void DeliverAndFlush();
  void FlushLate();
  void ReadHeld();
  void JudgeDeadlines();
  void UpdateIdle();
  void ScheduleTimer();
  void Trim();

  uv_loop_t* uv_;
  RoundObserver* observer_ = nullptr;
  uv_timer_t timer_;
  uv_prepare_t prepare_;
  uv_check_t check_;
  uv_idle_t idle_;  // Runs while there is something to do that polling must not wait for.
  std::unique_ptr<uint8_t[]> read_buffer_;
  std::array<uint8_t, 4096> random_;
  size_t random_used_ = sizeof(random_);
  BlockPool pool_;
  std::unique_ptr<CompressionPool> compression_;
  DeadlineEntry trim_deadline_{DeadlineKind::kTrim};
  DeadlineList deadlines_;
  uint64_t timer_due_ = DeadlineList::kNever;
  std::vector<Connection*> dirty_;
  std::deque<Connection*> waiting_;  // With held input.
  std::vector<Connection*> connections_;
  std::vector<Listener*> listeners_;
  int own_handles_ = 0;
  HeapTrimmer heap_trimmer_;
  TurnBudget budget_;
  uint64_t reads_ = 0;
  size_t read_left_ = 0;
  uint64_t flushed_at_ = 0;  // Nanoseconds.
  uint64_t polled_at_ = 0;   // When the last poll began, in milliseconds.
  uint64_t checked_at_ = 0;  // When it ended.
  uint64_t due_since_ = 0;   // When judging the deadlines was first put off.
  bool deadlines_are_due_ = false;
  bool last_turn_was_long_ = false;
  bool is_idling_ = false;
  bool is_last_turn_ = false;
  bool is_flushing_ = false;
  bool running_round_ = false;
  bool shutting_down_ = false;
  std::function<void()> on_shutdown_;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_LOOP_H_
