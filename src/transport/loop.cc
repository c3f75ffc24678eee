#include "transport/loop.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "transport/connection.h"
#include "transport/listener.h"

namespace wsuv {
namespace {

// What handlers send leaves at the latest so many nanoseconds after the delivery, or its last
// flush, began: handlers that compute must not keep the answers of others. Writing after each
// handler would cost small echoes a fifth (docs/architecture.md).
constexpr uint64_t kFlushInterval = 250 * 1000;
// When so many connections wait to be flushed, they are.
constexpr size_t kMaxDirty = 1024;
// Nanoseconds that a turn has for working off what is held.
constexpr uint64_t kHeldInterval = 2 * 1000 * 1000;
// A turn that took more than this (milliseconds) was a long one.
constexpr uint64_t kLongTurn = 1;
// Milliseconds for which deadlines may wait to be judged while there is too much to read.
constexpr uint64_t kMaxGrace = 1000;

template <typename List, typename T>
void Erase(List& list, T* item) {
  const auto found = std::find(list.begin(), list.end(), item);
  if (found != list.end()) list.erase(found);
}

}  // namespace

Loop::Loop(uv_loop_t* loop) : uv_(loop), heap_trimmer_(loop) {}

Loop::~Loop() = default;

void Loop::Start(RoundObserver* observer) {
  observer_ = observer;
  uv_timer_init(uv_, &timer_);
  uv_prepare_init(uv_, &prepare_);
  uv_check_init(uv_, &check_);
  uv_idle_init(uv_, &idle_);
  timer_.data = prepare_.data = check_.data = idle_.data = this;
  uv_prepare_start(&prepare_, OnPrepare);
  uv_check_start(&check_, OnCheck);
  own_handles_ = 4;
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&idle_));
}

uint8_t* Loop::read_buffer() {
  if (read_buffer_ == nullptr) read_buffer_.reset(new uint8_t[kReadBufferSize]);
  return read_buffer_.get();
}

CompressionPool& Loop::compression() {
  if (compression_ == nullptr) {
    compression_ = std::make_unique<CompressionPool>(uv_, [this] { ArmTrim(); });
  }
  return *compression_;
}

void Loop::Trim() {
  bool is_left = pool_.Trim();
  if (compression_ != nullptr && compression_->Trim()) is_left = true;
  if (observer_ != nullptr && observer_->Trim()) is_left = true;
  if (heap_trimmer_.Observe(reads_)) is_left = true;
  if (is_left) ArmTrim();
}

void Loop::BeginLastTurn() {
  FlushDirty();
  is_last_turn_ = true;
}

void Loop::NextMaskingKey(uint8_t* key) {
  if (random_used_ == random_.size()) {
    uv_random(nullptr, nullptr, random_.data(), random_.size(), 0, nullptr);
    random_used_ = 0;
  }
  std::memcpy(key, random_.data() + random_used_, 4);
  random_used_ += 4;
}

void Loop::OnPrepare(uv_prepare_t* prepare) {
  auto* loop = static_cast<Loop*>(prepare->data);
  loop->RunRound();
  loop->polled_at_ = uv_now(loop->uv_);
  loop->last_turn_was_long_ = loop->polled_at_ - loop->checked_at_ > kLongTurn;
  loop->budget_.NewTurn();
}

void Loop::OnCheck(uv_check_t* check) {
  auto* loop = static_cast<Loop*>(check->data);
  loop->checked_at_ = uv_now(loop->uv_);
  loop->RunRound();
  if (loop->deadlines_are_due_) loop->JudgeDeadlines();
  if (!loop->waiting_.empty()) loop->ReadHeld();
  loop->UpdateIdle();
}

void Loop::OnIdle(uv_idle_t*) {}

void Loop::UpdateIdle() {
  if (own_handles_ == 0) return;
  const bool is_needed = !shutting_down_ && (!waiting_.empty() || deadlines_are_due_);
  if (!is_needed && !is_idling_) return;
  // A connection that waits for its turn does not read, and so does not keep the uv loop alive.
  const bool is_ref =
      is_needed && std::any_of(waiting_.begin(), waiting_.end(),
                               [](const Connection* each) { return each->keeps_loop(); });
  auto* idle = reinterpret_cast<uv_handle_t*>(&idle_);
  if (is_ref) {
    uv_ref(idle);
  } else {
    uv_unref(idle);
  }
  if (is_needed == is_idling_) return;
  is_idling_ = is_needed;
  if (is_needed) {
    uv_idle_start(&idle_, OnIdle);
  } else {
    uv_idle_stop(&idle_);
  }
}

void Loop::RunRound() {
  if (running_round_ || shutting_down_) return;
  running_round_ = true;
  DeliverAndFlush();
  running_round_ = false;
}

void Loop::DeliverAndFlush() {
  do {
    if (observer_ != nullptr && observer_->HasEvents()) observer_->OnRound();
    FlushDirty();
  } while (observer_ != nullptr && observer_->HasEvents());
}

void Loop::BeginDelivery() { flushed_at_ = uv_hrtime(); }

void Loop::FlushLate() {
  const uint64_t now = uv_hrtime();
  if (now - flushed_at_ < kFlushInterval) return;
  FlushDirty();
  flushed_at_ = now;
}

void Loop::MarkDirty(Connection* connection) {
  dirty_.push_back(connection);
  ArmTrim();
  // Each has a block of its own until it is flushed.
  if (dirty_.size() >= kMaxDirty && !is_flushing_) FlushDirty();
}

void Loop::FlushDirty() {
  // Flushing can report errors, which mark nothing dirty but may end connections.
  if (is_flushing_) return;
  is_flushing_ = true;
  for (size_t i = 0; i < dirty_.size(); i++) dirty_[i]->FlushMarked();
  dirty_.clear();
  is_flushing_ = false;
}

void Loop::MarkHeld(Connection* connection) {
  waiting_.push_back(connection);
  UpdateIdle();
}

void Loop::UnmarkHeld(Connection* connection) { Erase(waiting_, connection); }

// Each connection gets one budget, and what it reports is delivered before the next one's turn.
void Loop::ReadHeld() {
  if (running_round_ || shutting_down_) return;
  running_round_ = true;
  const uint64_t start = uv_hrtime();
  for (size_t left = waiting_.size(); left > 0 && !waiting_.empty(); left--) {
    Connection* connection = waiting_.front();
    waiting_.pop_front();
    connection->ReadHeld();
    if (observer_ != nullptr && observer_->HasEvents()) observer_->OnRound();
    if (uv_hrtime() - start > kHeldInterval || budget_.is_turn_spent()) break;
  }
  DeliverAndFlush();
  running_round_ = false;
}

void Loop::ArmDeadline(DeadlineEntry* entry, uint64_t milliseconds) {
  deadlines_.Arm(entry, milliseconds, Now());
  if (entry->due < timer_due_) ScheduleTimer();
}

// The timer is left as it is: one wake-up too many is cheaper than moving it with every connection.
void Loop::DisarmDeadline(DeadlineEntry* entry) { deadlines_.Disarm(entry); }

void Loop::ScheduleTimer() {
  if (shutting_down_) return;
  timer_due_ = deadlines_.NextDue();
  if (timer_due_ == DeadlineList::kNever) return;
  const uint64_t now = uv_now(uv_);
  uv_timer_start(&timer_, OnTimer, timer_due_ > now ? timer_due_ - now : 0, 0);
}

void Loop::OnTimer(uv_timer_t* timer) {
  auto* loop = static_cast<Loop*>(timer->data);
  loop->timer_due_ = DeadlineList::kNever;
  if (!loop->deadlines_are_due_) loop->due_since_ = uv_now(loop->uv_);
  loop->deadlines_are_due_ = true;
  loop->UpdateIdle();
}

// After a poll, and after what it read was delivered: whatever had arrived when the poll began has
// put off its deadline, however long this process has been held up before.
void Loop::JudgeDeadlines() {
  if (running_round_ || shutting_down_) return;
  if (budget_.has_refused() && polled_at_ - due_since_ < kMaxGrace) return;
  deadlines_are_due_ = false;
  running_round_ = true;
  while (DeadlineEntry* entry = deadlines_.TakeDue(polled_at_)) {
    switch (entry->kind) {
      case DeadlineKind::kTrim:
        Trim();
        break;
      case DeadlineKind::kHandshake:
      case DeadlineKind::kClosing:
        Connection::OnDeadline(entry);
        break;
    }
  }
  ScheduleTimer();
  DeliverAndFlush();
  running_round_ = false;
}

void Loop::Add(Connection* connection) {
  connection->set_index(connections_.size());
  connections_.push_back(connection);
}

void Loop::Remove(Connection* connection) {
  connections_.back()->set_index(connection->index());
  connections_[connection->index()] = connections_.back();
  connections_.pop_back();
  if (connection->marked_dirty()) Erase(dirty_, connection);
  if (connection->marked_held()) Erase(waiting_, connection);
}

void Loop::Add(Listener* listener) { listeners_.push_back(listener); }

void Loop::Remove(Listener* listener) { Erase(listeners_, listener); }

void Loop::DropHeads(Listener* listener) {
  const std::vector<Connection*> connections = connections_;
  for (Connection* connection : connections) {
    if (connection->listener() == listener && connection->stage() == Connection::Stage::kHead) {
      connection->Terminate();
    }
  }
}

size_t Loop::open_handles() const {
  size_t open = connections_.size() + listeners_.size() + static_cast<size_t>(own_handles_);
  open += heap_trimmer_.running();
  if (compression_ != nullptr) open += compression_->work().running();
  return open;
}

void Loop::Shutdown(std::function<void()> done) {
  on_shutdown_ = std::move(done);
  FlushDirty();
  shutting_down_ = true;
  heap_trimmer_.Shutdown([this] { AfterDelete(); });
  if (compression_ != nullptr) compression_->work().Shutdown([this] { AfterDelete(); });
  const std::vector<Listener*> listeners = listeners_;
  for (Listener* listener : listeners) listener->Close();
  const std::vector<Connection*> connections = connections_;
  for (Connection* connection : connections) connection->Abandon();
  if (own_handles_ > 0) {
    for (uv_handle_t* handle :
         {reinterpret_cast<uv_handle_t*>(&timer_), reinterpret_cast<uv_handle_t*>(&prepare_),
          reinterpret_cast<uv_handle_t*>(&check_), reinterpret_cast<uv_handle_t*>(&idle_)}) {
      uv_close(handle, OnOwnHandleClosed);
    }
  } else {
    AfterDelete();
  }
}

void Loop::OnOwnHandleClosed(uv_handle_t* handle) {
  auto* loop = static_cast<Loop*>(handle->data);
  loop->own_handles_--;
  loop->AfterDelete();
}

void Loop::AfterDelete() {
  if (!shutting_down_ || open_handles() > 0 || on_shutdown_ == nullptr) return;
  const std::function<void()> done = std::exchange(on_shutdown_, nullptr);
  done();
}

}  // namespace wsuv
