// The reading half of Connection: bytes into messages, and those whose turn has not come.

#include <utility>

#include "transport/connection.h"
#include "transport/connection_parts.h"

namespace wsuv {
namespace {

// What may wait unread in memory while the handler decides about an upgrade; past it the socket
// is not read.
constexpr size_t kMaxEarlyInput = 64 * 1024;

}  // namespace

int Connection::BeginFrames(ByteView early) {
  stage_ = Stage::kWebSocket;
  if (early.size == 0) return 0;
  if (!TryToKeep(early.data, early.size)) return UV_ENOMEM;
  Hold();
  return 0;
}

ReadWindow Connection::DirectWindow() {
  if (stage_ != Stage::kWebSocket || input_ != nullptr || paused_) return {};
  return reader_.DirectWindow(settings_->limits);
}

void Connection::NoteRead(ByteView bytes) {
  received_ += bytes.size;
  NoteActivity();
  if (!tapped_) return;
  if (!taps_behind_) {
    handler_->OnRaw(*this, bytes);
    return;
  }
  // Parsing changes them.
  if (EnsureExtras().raw == nullptr) extras_->raw = std::make_unique<HeldInput>();
  if (!extras_->raw->Append(bytes.data, bytes.size)) FailForMemory();
}

// The bytes that were kept for whoever wants them behind what they say.
void Connection::ReportRaw() {
  if (extras_ == nullptr || extras_->raw == nullptr) return;
  const std::unique_ptr<HeldInput> raw = std::move(extras_->raw);
  handler_->OnRaw(*this, {raw->data(), raw->size()});
}

// Whether the turn's budget is spent by that is asked when more comes.
void Connection::OnDirectBytes(size_t size) {
  // There may have been no memory to report the bytes as they are: that has ended the reading.
  if (!reader_.ended()) reader_.ReadDirect(size, settings_->limits, *this);
}

void Connection::OnBytes(uint8_t* data, size_t size) {
  switch (stage_) {
    case Stage::kHead:
      ReadHead(data, size);
      break;
    case Stage::kDeciding:
      Keep(data, size);
      if (input_size() > kMaxEarlyInput) StopReading();
      break;
    case Stage::kWebSocket:
      if (muted_) break;
      if (paused_) {
        Keep(data, size);
        if (input_size() >= settings_->high_water_mark) StopReading();
      } else if (is_holding()) {
        Keep(data, size);
      } else if (loop_->budget().is_spent()) {
        Keep(data, size);
        Hold();
      } else {
        ReadFrames(data, size);
      }
      break;
    case Stage::kRejected:
    case Stage::kClosed:
      break;
  }
}

void Connection::Feed(uint8_t* data, size_t size) {
  loop_->budget().Grant(this, allowance());
  if (stage_ == Stage::kWebSocket) OnBytes(data, size);
}

void Connection::FeedEnd() {
  peer_ended_ = true;
  ReportEnd();
}

void Connection::ReadFrames(uint8_t* data, size_t size) {
  // What is kept comes first: whoever keeps something while nothing is paused holds the connection,
  // or waits for what is being inflated.
  WSUV_ASSERT(input_ == nullptr);
  loop_->BeginRead(size);
  const size_t used = reader_.Read(data, size, settings_->limits, *this).used;
  if (used == size || muted_) return;
  Keep(data + used, size - used);
  // It waits for the loop's next turn, for the message before it, or until it is resumed.
  if (!inflating() && !paused_) Hold();
}

// Parses what was kept, as far as the budget goes.
void Connection::ReadInput() {
  std::unique_ptr<HeldInput> input = std::move(input_);
  const size_t size = input->size();
  loop_->BeginRead(size);
  input->Skip(reader_.Read(input->data(), size, settings_->limits, *this).used);
  if (!input->empty() && !muted_) input_ = std::move(input);
}

// False when there is no memory.
bool Connection::TryToKeep(const uint8_t* data, size_t size) {
  if (input_ == nullptr) input_ = std::make_unique<HeldInput>();
  if (!input_->Append(data, size)) return false;
  if (held_) loop_->budget().AddHeld(size);
  return true;
}

// The same, but where there is no memory it ends the connection.
bool Connection::Keep(const uint8_t* data, size_t size) {
  const bool is_kept = TryToKeep(data, size);
  if (!is_kept) FailForMemory();
  return is_kept;
}

// There is no memory for what was received, of which nothing can be left out: so all of it is, and
// an error is in its place.
void Connection::FailForMemory() {
  if (stage_ != Stage::kWebSocket) {
    Destroy(UV_ENOMEM);
    return;
  }
  DropInput();
  reader_.Stop();
  OnError(ErrorCode::kOutOfMemory, 0);
}

void Connection::DropInput() {
  if (held_) loop_->budget().SubtractHeld(input_size());
  input_.reset();
}

void Connection::Hold() {
  WSUV_ASSERT(!inflating());
  if (stage_ != Stage::kClosed) StopReading();
  if (held_) return;
  held_ = true;
  loop_->budget().AddHeld(input_size());
  loop_->MarkHeld(this);
}

void Connection::ReadHeld() {
  loop_->budget().SubtractHeld(input_size());
  held_ = false;
  loop_->budget().Grant(this, allowance());
  if (stage_ == Stage::kClosed) {
    ReportClosed();
    return;
  }
  if (stage_ != Stage::kWebSocket) return;
  if (input_ != nullptr && !paused_) ReadInput();
  GoOnReading();
}

void Connection::ReadHeldNow() {
  if (!held_) return;
  loop_->UnmarkHeld(this);
  ReadHeld();
}

// After something that reading had to wait for.
void Connection::GoOnReading() {
  if (stage_ != Stage::kWebSocket) return;
  if (input_ != nullptr && !paused_) {
    if (!inflating()) Hold();
    return;
  }
  if (!inflating() && !peer_ended_ && input_size() < settings_->high_water_mark) {
    const int status = StartReading();
    if (status != 0) {
      Destroy(status);
      return;
    }
  }
  ReportEnd();
}

// Reading goes on up to the high-water mark, into memory; see OnBytes().
void Connection::Pause() {
  if (stage_ == Stage::kWebSocket) paused_ = true;
}

void Connection::Resume() {
  if (stage_ != Stage::kWebSocket) return;
  paused_ = false;
  if (!held_) GoOnReading();
}

void Connection::OnEnd() {
  peer_ended_ = true;
  StopReading();
  if (stage_ == Stage::kWebSocket) {
    ReportEnd();
  } else if (stage_ == Stage::kDeciding) {
    // Whoever decides may want to know. As with Node's sockets, an end behind bytes that nobody
    // has read yet is not seen before these.
    if (input_ == nullptr) handler_->OnPeerEnd(*this);
  } else if (stage_ == Stage::kHead && extras_ != nullptr && extras_->head != nullptr &&
             extras_->head->has_begun()) {
    ReportNoHead(UpgradeStatus::kMalformed);
  } else {
    // No head at all, or a peer that has read its rejection.
    Destroy();
  }
}

// The peer's end is an event like others: it waits for the bytes that came before it.
void Connection::ReportEnd() {
  if (!peer_ended_ || end_reported_ || input_ != nullptr || inflating() ||
      stage_ != Stage::kWebSocket) {
    return;
  }
  end_reported_ = true;
  handler_->OnPeerEnd(*this);
  if (end_sent_) EndWriting();
}

Flow Connection::OnMessage(const Message& message) {
  return message.compressed ? Inflate(message) : handler_->OnMessage(*this, message);
}

Flow Connection::OnFragment() { return loop_->budget().SpendFragment(); }
Flow Connection::OnPing(ByteView payload) { return handler_->OnPing(*this, payload); }
Flow Connection::OnPong(ByteView payload) { return handler_->OnPong(*this, payload); }
void Connection::OnClose(uint16_t code, ByteView reason) {
  DropPieces();
  handler_->OnPeerClose(*this, code, reason);
}
void Connection::OnError(ErrorCode code, uint32_t detail) {
  DropPieces();
  ReportRaw();
  handler_->OnProtocolError(*this, code, detail, {});
}

Flow Connection::Inflate(const Message& message) {
  Message inflated = message;
  ErrorCode error = ErrorCode::kNone;
  const char* sentence = "";
  switch (extras_->compression->core.Inflate(&inflated, settings_->limits, &error, &sentence)) {
    case Compression::Result::kReady:
      return handler_->OnMessage(*this, inflated);
    case Compression::Result::kFailed:
      FailInflating(error, sentence);
      return Flow::kContinue;
    case Compression::Result::kLater:
      StopReading();
      return Flow::kStop;
  }
  return Flow::kContinue;
}

Progress Connection::OnPiece(const MessagePiece& piece) {
  if (piece.compressed) return InflatePiece(piece);
  return {piece.data.size, handler_->OnPiece(*this, piece)};
}

// Until there is no more of it, or the turn's budget is spent: the reader keeps the rest, then.
// Behind the last piece there is not much.
Progress Connection::InflatePiece(const MessagePiece& piece) {
  MessagePiece rest = piece;
  for (;;) {
    Compression& core = extras_->compression->core;
    const InflatedStep step = core.InflatePiece(rest, settings_->limits);
    rest.data = {rest.data.data + step.used, rest.data.size - step.used};
    Flow flow = Flow::kContinue;
    switch (step.result) {
      case InflatedStep::Result::kFailed:
        FailInflating(step.error, step.sentence);
        return {piece.data.size, Flow::kStop};
      case InflatedStep::Result::kPiece:
        flow = handler_->OnPiece(*this, step.piece);
        break;
      case InflatedStep::Result::kMessage:
        flow = handler_->OnMessage(*this, step.piece);
        break;
      case InflatedStep::Result::kNothing:
        if (step.made > 0) flow = loop_->budget().SpendBytes(step.made);
        break;
    }
    if (!step.more || (flow == Flow::kStop && (!piece.last || reader_.ended()))) {
      if (!piece.last) core.RestPieces();
      return {piece.data.size - rest.data.size, flow};
    }
  }
}

// Nothing more is read.
void Connection::DropPieces() {
  if (has_compression()) extras_->compression->core.DropPieces();
}

void Connection::FailInflating(ErrorCode error, const char* sentence) {
  reader_.Stop();
  ReportRaw();
  handler_->OnProtocolError(*this, error, 0, sentence);
}

void Connection::OnInflated(const Message* message, ErrorCode error, const char* sentence) {
  loop_->budget().Begin(this, allowance());
  if (message == nullptr) {
    FailInflating(error, sentence);
  } else {
    handler_->OnMessage(*this, *message);
  }
  if (stage_ == Stage::kClosed) {
    ReportClosed();
  } else {
    GoOnReading();
  }
}

}  // namespace wsuv
