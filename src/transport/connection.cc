#include "transport/connection.h"

#include <cstring>
#include <utility>

#include "transport/connection_parts.h"

namespace wsuv {

// The frames of the closing handshake.
class Connection::Output final : public FrameOutput {
 public:
  explicit Output(Connection* connection) : connection_(connection) {}
  void WriteFrame(Opcode opcode, ByteView payload) override;

 private:
  Connection* connection_;
};

Connection::Connection(Loop* loop, ConnectionHandler* handler,
                       std::shared_ptr<const ConnectionSettings> settings, Role role,
                       Delivery delivery)
    : ConnectionFlags(),
      loop_(loop),
      handler_(handler),
      settings_(std::move(settings)),
      reader_(role) {
  delivers_in_call_ = delivery == Delivery::kInCall;
  loop_->Add(this);
}

Connection::~Connection() { loop_->pool().Give(queue_.TakeAll()); }

Connection::Extras& Connection::EnsureExtras() {
  if (extras_ == nullptr) extras_ = std::make_unique<Extras>();
  return *extras_;
}

// The closing handshake.

void Connection::Output::WriteFrame(Opcode opcode, ByteView payload) {
  FrameHeader header;
  header.opcode = opcode;
  uint8_t key[4];
  if (connection_->reader_.role() == Role::kClient) {
    const Extras* extras = connection_->extras_.get();
    const bool has_next_key = extras != nullptr && extras->has_next_key;
    if (!has_next_key) connection_->loop_->NextMaskingKey(key);
    header.masking_key = has_next_key ? extras->next_key : key;
  }
  connection_->SendFrame(header, payload);
}

void Connection::SetNextMaskingKey(const uint8_t* key) {
  Extras& extras = EnsureExtras();
  std::memcpy(extras.next_key, key, sizeof(extras.next_key));
  extras.has_next_key = true;
}

void Connection::Close(uint16_t code, ByteView reason) {
  if (stage_ != Stage::kWebSocket) return;
  Output output(this);
  closing_.Close(code, reason, output);
  AfterStateChange();
  // At once, whatever was sent before it in this turn.
  if (loop_->sends_at_once()) Flush();
}

void Connection::ReactToClose(uint16_t code, ByteView reason) {
  if (stage_ != Stage::kWebSocket) return;
  Output output(this);
  closing_.OnPeerClose(code, reason, output);
  AfterStateChange();
}

void Connection::ReactToError(ErrorCode code) {
  if (stage_ != Stage::kWebSocket) return;
  Output output(this);
  closing_.OnProtocolError(code, output);
  AfterStateChange();
}

void Connection::ReactToEnd() {
  if (stage_ != Stage::kWebSocket) return;
  closing_.OnPeerEnd();
  AfterStateChange();
}

void Connection::ExpectEnd() {
  if (stage_ == Stage::kWebSocket && !HasDeadline(DeadlineKind::kClosing)) {
    ArmDeadline(DeadlineKind::kClosing, settings_->close_timeout);
  }
}

void Connection::AfterStateChange() {
  if (stage_ != Stage::kWebSocket) return;
  if (closing_.wants_deadline()) ExpectEnd();
  if (closing_.wants_end()) {
    // Nothing more is delivered, so a paused connection must read on to see the peer's end.
    if (reader_.ended()) Resume();
    EndTransport();
  }
}

// Time.

uint64_t Connection::LastActivity() {
  Extras& extras = EnsureExtras();
  if (extras.last_activity == 0) extras.last_activity = Loop::Now();
  return extras.last_activity;
}

void Connection::NoteActivity() {
  if (extras_ != nullptr && extras_->last_activity != 0) {
    extras_->last_activity = Loop::Now();
  }
}

bool Connection::HasDeadline(DeadlineKind kind) const {
  const Deadline* deadline = deadlines_.get();
  while (deadline != nullptr && deadline->kind != kind) deadline = deadline->others.get();
  return deadline != nullptr;
}

void Connection::ArmDeadline(DeadlineKind kind, uint64_t milliseconds) {
  DropDeadline(kind);
  deadlines_ = std::make_unique<Deadline>(this, kind);
  loop_->ArmDeadline(deadlines_.get(), milliseconds);
}

void Connection::DropDeadline(DeadlineKind kind) {
  std::unique_ptr<Deadline>* place = &deadlines_;
  while (*place != nullptr && (*place)->kind != kind) place = &(*place)->others;
  if (*place != nullptr) *place = std::move((*place)->others);
}

void Connection::OnDeadline(DeadlineEntry* entry) {
  Connection* self = static_cast<Deadline*>(entry)->owner;
  switch (entry->kind) {
    case DeadlineKind::kHandshake:
      self->ReportNoHead(UpgradeStatus::kTimedOut);
      break;
    case DeadlineKind::kClosing:
      self->Destroy();
      break;
    case DeadlineKind::kTrim:  // The loop's.
      break;
  }
}

// The end.

void Connection::Terminate() {
  Flush();
  muted_ = true;
  DropInput();
  Destroy();
}

void Connection::Reset() {
  muted_ = true;
  DropInput();
  Destroy(0, Ending::kReset);
}

void Connection::Destroy(int status, Ending ending) {
  if (stage_ == Stage::kClosed) return;
  status_ = status;
  destroyed_ = true;
  DestroyTransport(ending);
}

void Connection::FailWriting(int status) {
  if (stage_ == Stage::kClosed) return;
  write_failed_ = true;
  Destroy(status);
}

void Connection::TransportClosed(Failure failure) {
  // What came before there was a WebSocket is of no interest to anybody.
  if (stage_ != Stage::kWebSocket) DropInput();
  const bool fails_first =
      failure == Failure::kToReport && status_ != 0 && paused_ && input_ != nullptr;
  stage_ = Stage::kClosed;
  deadlines_.reset();
  // Node's servers report their end in front of their last connection's, and so does this one.
  LeaveListener();
  // What is left of it comes all the same.
  set_record_limit(TurnBudget::kRecords);
  loop_->budget().Begin(this, allowance());
  if (fails_first) {
    handler_->OnFailed(*this, status_);
    // Behind what is being inflated, the rest follows by itself.
    if (!inflating()) Hold();
  } else {
    ReportClosed();
  }
}

// The end of the connection is an event like others: what was read before it comes first, with its
// budget.
void Connection::ReportClosed() {
  if (closed_reported_ || inflating() || (held_ && input_ != nullptr)) return;
  if (input_ != nullptr && !loop_->budget().is_spent()) ReadInput();
  if (inflating()) return;
  if (input_ != nullptr) {
    Hold();
  } else {
    closed_reported_ = true;
    handler_->OnClosed(*this, status_);
  }
}

void Connection::Abandon() {
  reader_.Stop();
  DropInput();
  if (stage_ != Stage::kClosed) {
    stage_ = Stage::kClosed;
    deadlines_.reset();
    extras_.reset();
    LeaveListener();
    DestroyTransport(Ending::kAbandon);
  }
  Release();
}

void Connection::Release() {
  released_ = true;
  DeleteIfDone();
}

void Connection::TransportGone() {
  transport_gone_ = true;
  DeleteIfDone();
}

void Connection::DeleteIfDone() {
  if (!transport_gone_ || !released_) return;
  Loop* loop = loop_;
  loop->Remove(this);
  delete this;
  loop->AfterDelete();
}

}  // namespace wsuv
