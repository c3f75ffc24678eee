#include "transport/loop.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "transport/connection.h"
#include "transport/listener.h"

namespace wsuv {
namespace {

template <typename T>
void Erase(std::vector<T*>& list, T* item) {
  const auto found = std::find(list.begin(), list.end(), item);
  if (found != list.end()) list.erase(found);
}

}  // namespace

Loop::Loop(uv_loop_t* loop) : uv_(loop) {}

Loop::~Loop() = default;

void Loop::Start(RoundObserver* observer) {
  observer_ = observer;
  uv_timer_init(uv_, &timer_);
  uv_prepare_init(uv_, &prepare_);
  uv_check_init(uv_, &check_);
  timer_.data = prepare_.data = check_.data = this;
  uv_prepare_start(&prepare_, OnPrepare);
  uv_check_start(&check_, OnCheck);
  own_handles_ = 3;
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
}

uint8_t* Loop::read_buffer() {
  if (read_buffer_ == nullptr) read_buffer_.reset(new uint8_t[kReadBufferSize]);
  return read_buffer_.get();
}

CompressionPool& Loop::compression() {
  if (compression_ == nullptr) {
    compression_ = std::make_unique<CompressionPool>(
        uv_, [this] { ArmDeadline(&trim_deadline_, CompressionPool::kTrimInterval); });
  }
  return *compression_;
}

void Loop::TrimCompression() {
  if (compression_->Trim()) ArmDeadline(&trim_deadline_, CompressionPool::kTrimInterval);
}

void Loop::NextMaskingKey(uint8_t* key) {
  if (random_used_ == random_.size()) {
    uv_random(nullptr, nullptr, random_.data(), random_.size(), 0, nullptr);
    random_used_ = 0;
  }
  std::memcpy(key, random_.data() + random_used_, 4);
  random_used_ += 4;
}

void Loop::OnPrepare(uv_prepare_t* prepare) { static_cast<Loop*>(prepare->data)->RunRound(); }

void Loop::OnCheck(uv_check_t* check) { static_cast<Loop*>(check->data)->RunRound(); }

void Loop::RunRound() {
  if (running_round_ || shutting_down_) return;
  running_round_ = true;
  do {
    if (observer_ != nullptr && observer_->HasEvents()) observer_->OnRound();
    FlushDirty();
  } while (ReadPostponed() || (observer_ != nullptr && observer_->HasEvents()));
  running_round_ = false;
}

void Loop::MarkDirty(Connection* connection) { dirty_.push_back(connection); }

void Loop::FlushDirty() {
  // Flushing can report errors, which mark nothing dirty but may end connections.
  for (size_t i = 0; i < dirty_.size(); i++) dirty_[i]->FlushMarked();
  dirty_.clear();
}

void Loop::MarkPostponed(Connection* connection) { postponed_.push_back(connection); }

bool Loop::ReadPostponed() {
  if (postponed_.empty()) return false;
  std::vector<Connection*> now;
  now.swap(postponed_);
  for (Connection* connection : now) connection->ReadPostponed();
  return true;
}

void Loop::ArmDeadline(DeadlineEntry* entry, uint64_t milliseconds) {
  deadlines_.Arm(entry, milliseconds, uv_now(uv_));
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
  const uint64_t now = uv_now(loop->uv_);
  while (DeadlineEntry* entry = loop->deadlines_.TakeDue(now)) {
    if (entry == &loop->trim_deadline_) {
      loop->TrimCompression();
    } else {
      Connection::OnDeadline(entry);
    }
  }
  loop->ScheduleTimer();
  loop->RunRound();
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
  if (connection->marked_postponed()) Erase(postponed_, connection);
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
  const size_t running = compression_ == nullptr ? 0 : compression_->work().running();
  return connections_.size() + listeners_.size() + static_cast<size_t>(own_handles_) + running;
}

void Loop::Shutdown(std::function<void()> done) {
  on_shutdown_ = std::move(done);
  FlushDirty();
  shutting_down_ = true;
  if (compression_ != nullptr) compression_->work().Shutdown([this] { AfterDelete(); });
  const std::vector<Listener*> listeners = listeners_;
  for (Listener* listener : listeners) listener->Close();
  const std::vector<Connection*> connections = connections_;
  for (Connection* connection : connections) connection->Abandon();
  if (own_handles_ > 0) {
    for (uv_handle_t* handle :
         {reinterpret_cast<uv_handle_t*>(&timer_), reinterpret_cast<uv_handle_t*>(&prepare_),
          reinterpret_cast<uv_handle_t*>(&check_)}) {
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
