#include "transport/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "transport/descriptor.h"
#include "transport/listener.h"

namespace wsuv {
namespace {

// What may wait unread in memory while the handler decides about an upgrade; past it the socket
// is not read.
constexpr size_t kMaxEarlyInput = 64 * 1024;
// What a connection reads at once that only stores it.
constexpr size_t kPausedRead = 64 * 1024;

}  // namespace

struct Connection::Compressed final : CompressionObserver {
  Compressed(Connection* connection, std::shared_ptr<const CompressionSettings> settings)
      : owner(connection), core(&connection->loop_->compression(), std::move(settings), this) {}

  void OnCompressed(const FrameHeader& header, const MessageBuffer* payload) override {
    owner->OnCompressed(header, payload);
  }
  void OnInflated(const Message* message, ErrorCode error, const char* sentence) override {
    owner->OnInflated(message, error, sentence);
  }

  Connection* owner;
  Compression core;
  size_t most_later = SIZE_MAX;  // SendLater()'s `most`; there is one at a time.
};

// Bytes that were read and not parsed yet. They stay where they are while they are worked off.
struct Connection::Input {
  std::vector<uint8_t> bytes;
  size_t at = 0;  // The first one that was not parsed.
};

// What few connections need.
struct Connection::Extras {
  std::unique_ptr<Compressed> compression;
  std::unique_ptr<RequestHeadParser> head;  // Of a head in pieces.
  uint64_t last_activity = 0;               // 0: nobody has asked.
  bool has_next_key = false;
  bool corked = false;
  uint8_t next_key[4];
};

// The frames of the closing handshake.
class Connection::Output final : public FrameOutput {
 public:
  explicit Output(Connection* connection) : connection_(connection) {}
  void WriteFrame(Opcode opcode, ByteView payload) override;

 private:
  Connection* connection_;
};

struct Connection::Deadline final : DeadlineEntry {
  explicit Deadline(Connection* connection) : owner(connection) {}
  ~Deadline() { owner->loop_->DisarmDeadline(this); }

  Connection* owner;
};

Connection::Extras& Connection::EnsureExtras() {
  if (extras_ == nullptr) extras_ = std::make_unique<Extras>();
  return *extras_;
}

Connection* Connection::Make(Loop* loop, ConnectionHandler* handler,
                             std::shared_ptr<const ConnectionSettings> settings, Role role,
                             Transport transport) {
  size_t handle_size = 0;
  if (transport == Transport::kTcp) handle_size = sizeof(uv_tcp_t);
  if (transport == Transport::kPipe) handle_size = sizeof(uv_pipe_t);
  void* memory = ::operator new(sizeof(Connection) + handle_size);
  return ::new (memory) Connection(loop, handler, std::move(settings), role, transport);
}

Connection::Connection(Loop* loop, ConnectionHandler* handler,
                       std::shared_ptr<const ConnectionSettings> settings, Role role,
                       Transport transport)
    : ConnectionFlags(),
      transport_(transport),
      loop_(loop),
      handler_(handler),
      settings_(std::move(settings)),
      reader_(role) {
  if (transport_ == Transport::kTcp) {
    uv_tcp_init(loop_->uv(), tcp());
  } else if (transport_ == Transport::kPipe) {
    uv_pipe_init(loop_->uv(), pipe(), 0);
  }
  if (transport_ != Transport::kExternal) handle()->data = this;
  loop_->Add(this);
}

Connection::~Connection() { loop_->pool().Give(queue_.TakeAll()); }

int Connection::StartAccepted(Listener* listener, uv_stream_t* listening) {
  listener_ = listener;
  listener->AddConnection();
  return StartHead(uv_accept(listening, stream()));
}

int Connection::StartAccepted(Listener* listener, int fd) {
  listener_ = listener;
  listener->AddConnection();
  return StartHead(Open(fd));
}

// Takes over a descriptor.
int Connection::Open(int fd) {
  const int status =
      transport_ == Transport::kTcp ? uv_tcp_open(tcp(), fd) : uv_pipe_open(pipe(), fd);
  if (status != 0) CloseDescriptor(fd);
  return status;
}

// Waits for a request head, unless `status` is an error.
int Connection::StartHead(int status) {
#ifndef __linux__
  // On Linux an accepted socket has these from the listening one, without a system call.
  if (status == 0 && transport_ == Transport::kTcp) {
    uv_tcp_nodelay(tcp(), settings_->no_delay);
    if (settings_->keep_alive) uv_tcp_keepalive(tcp(), 1, 60);
  }
#endif
  if (status == 0) status = StartReading();
  if (status != 0) {
    Destroy(status);
    return status;
  }
  if (settings_->handshake_timeout > 0) {
    ArmDeadline(settings_->handshake_timeout);
  }
  return 0;
}

void Connection::StartExternal() { stage_ = Stage::kWebSocket; }

int Connection::StartAdopted(int fd, ByteView early) {
  stage_ = Stage::kWebSocket;
  const int own = DuplicateDescriptor(fd);
  int status = own >= 0 ? Open(own) : own;
  if (status == 0 && early.size > 0) {
    Keep(early.data, early.size);
    Hold();
  } else if (status == 0) {
    status = StartReading();
  }
  if (status != 0) Destroy(status);
  return status;
}

int Connection::StartReading() {
  if (reading_ || transport_ == Transport::kExternal) return 0;
  const int status = uv_read_start(stream(), OnAllocate, OnRead);
  reading_ = status == 0;
  return status;
}

void Connection::StopReading() {
  if (!reading_) return;
  uv_read_stop(stream());
  reading_ = false;
}

void Connection::OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto* self = static_cast<Connection*>(handle->data);
  const size_t most = self->paused_ ? kPausedRead : Loop::kReadBufferSize;
  const size_t allowed = self->loop_->budget().Allow(most);
  // No buffer leaves what there is where it is, to be read after the next poll.
  if (allowed == 0) {
    *buffer = uv_buf_init(nullptr, 0);
    return;
  }
  if (self->stage_ == Stage::kWebSocket && self->input_ == nullptr && !self->paused_) {
    const ReadWindow window = self->reader_.DirectWindow(self->settings_->limits);
    if (window.size > 0) {
      *buffer = uv_buf_init(reinterpret_cast<char*>(window.data),
                            static_cast<unsigned>(std::min<size_t>(window.size, 1 << 30)));
      return;
    }
  }
  *buffer = uv_buf_init(reinterpret_cast<char*>(self->loop_->read_buffer()),
                        static_cast<unsigned>(allowed));
}

void Connection::OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  auto* self = static_cast<Connection*>(stream->data);
  if (count == 0 || count == UV_ENOBUFS) return;  // EAGAIN, and what OnAllocate() asked for.
  self->loop_->budget().Begin(self);
  if (count > 0) {
    self->received_ += static_cast<uint64_t>(count);
    self->NoteActivity();
    if (self->tapped_) {
      self->handler_->OnRaw(*self,
                            {reinterpret_cast<uint8_t*>(buffer->base), static_cast<size_t>(count)});
    }
  }
  if (count == UV_EOF) {
    self->OnEnd();
  } else if (count < 0) {
    self->Destroy(static_cast<int>(count));
  } else if (reinterpret_cast<uint8_t*>(buffer->base) != self->loop_->read_buffer()) {
    // Whether that was the last message of the turn is asked when there is more.
    self->reader_.ReadDirect(static_cast<size_t>(count), self->settings_->limits, *self);
  } else {
    self->OnBytes(reinterpret_cast<uint8_t*>(buffer->base), static_cast<size_t>(count));
    // Where there may be more, libuv reads on at once.
    const bool is_full = static_cast<size_t>(count) == static_cast<size_t>(buffer->len);
    if (is_full && self->reading_ && self->stage_ == Stage::kWebSocket && !self->paused_ &&
        self->loop_->budget().ends_reading()) {
      self->Hold();
    }
  }
  self->loop_->AfterRead();
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
      } else if (input_ != nullptr || is_holding()) {
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

void Connection::ReadHead(uint8_t* data, size_t size) {
  // A head in one piece, which is what clients send, is parsed where it lies.
  if (input_ != nullptr) Keep(data, size);
  std::string_view bytes(reinterpret_cast<char*>(data), size);
  if (input_ != nullptr) bytes = ByteView(input_->bytes.data(), input_->bytes.size()).text();
  RequestHeadParser first;
  RequestHeadParser& parser = input_ == nullptr ? first : *extras_->head;
  const HeadStatus parsed = parser.Parse(bytes, settings_->head);
  if (parsed == HeadStatus::kIncomplete) {
    if (input_ == nullptr) {
      Keep(data, size);
      EnsureExtras().head = std::make_unique<RequestHeadParser>(std::move(first));
    }
    return;
  }
  if (parsed != HeadStatus::kComplete) {
    ReportNoHead(parsed == HeadStatus::kTooLarge ? UpgradeStatus::kTooLarge
                                                 : UpgradeStatus::kMalformed);
    return;
  }
  deadline_.reset();
  stage_ = Stage::kDeciding;
  // What the handler looks at stays while it does; what follows the head waits.
  const std::unique_ptr<RequestHeadParser> held = TakeHeadParser();
  const std::unique_ptr<Input> parsed_input = std::move(input_);
  const size_t head_size = parser.size();
  if (bytes.size() > head_size) {
    Keep(reinterpret_cast<const uint8_t*>(bytes.data()) + head_size, bytes.size() - head_size);
  }
  handler_->OnUpgrade(*this, CheckHead(parser.head()), bytes.substr(0, head_size), &parser.head());
}

std::unique_ptr<RequestHeadParser> Connection::TakeHeadParser() {
  if (extras_ == nullptr) return nullptr;
  std::unique_ptr<RequestHeadParser> parser = std::move(extras_->head);
  if (extras_->compression == nullptr && extras_->last_activity == 0 && !extras_->has_next_key) {
    extras_.reset();
  }
  return parser;
}

void Connection::ReportNoHead(UpgradeStatus status) {
  deadline_.reset();
  stage_ = Stage::kDeciding;
  TakeHeadParser();
  handler_->OnUpgrade(*this, status, {}, nullptr);
}

void Connection::ReadFrames(uint8_t* data, size_t size) {
  loop_->BeginRead(size);
  const size_t used = reader_.Read(data, size, settings_->limits, *this).used;
  if (used == size || muted_) return;
  Keep(data + used, size - used);
  // It waits for the loop's next turn, for the message before it, or until it is resumed.
  if (inflating()) {
    StopReading();
  } else if (!paused_) {
    Hold();
  }
}

// Parses what was kept, as far as the budget goes.
void Connection::ReadInput() {
  std::unique_ptr<Input> input = std::move(input_);
  const size_t size = input->bytes.size() - input->at;
  loop_->BeginRead(size);
  input->at += reader_.Read(input->bytes.data() + input->at, size, settings_->limits, *this).used;
  if (input->at < input->bytes.size() && !muted_) input_ = std::move(input);
}

void Connection::Keep(const uint8_t* data, size_t size) {
  if (input_ == nullptr) input_ = std::make_unique<Input>();
  std::vector<uint8_t>& bytes = input_->bytes;
  if (input_->at > bytes.size() / 2) {
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(input_->at));
    input_->at = 0;
  }
  bytes.insert(bytes.end(), data, data + size);
  if (held_) loop_->budget().AddHeld(size);
}

size_t Connection::input_size() const {
  return input_ == nullptr ? 0 : input_->bytes.size() - input_->at;
}

void Connection::DropInput() {
  if (held_) loop_->budget().SubtractHeld(input_size());
  input_.reset();
}

// Reads no more until the loop has given the others their turn.
void Connection::Hold() {
  if (stage_ != Stage::kClosed) StopReading();
  if (held_) return;
  held_ = true;
  loop_->budget().AddHeld(input_size());
  loop_->MarkHeld(this);
}

void Connection::ReadHeld() {
  loop_->budget().SubtractHeld(input_size());
  held_ = false;
  loop_->budget().Grant(this);
  if (stage_ == Stage::kClosed) {
    ReportClosed();
    return;
  }
  if (stage_ != Stage::kWebSocket || paused_ || inflating()) return;
  if (input_ != nullptr) ReadInput();
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
  if (input_ != nullptr) {
    if (!inflating() && !paused_) Hold();
    return;
  }
  if (!paused_ && !inflating() && !peer_ended_) {
    const int status = StartReading();
    if (status != 0) {
      Destroy(status);
      return;
    }
  }
  ReportEnd();
  // Whoever moves the bytes of a stream may go on.
  if (transport_ == Transport::kExternal) handler_->OnOutput(*this);
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
  // A stream closes by itself, when it has passed everything on.
  if (end_sent_ && transport_ != Transport::kExternal) Destroy();
}

void Connection::Accept(std::string_view response,
                        std::shared_ptr<const ConnectionSettings> settings) {
  if (stage_ != Stage::kDeciding) return;
  stage_ = Stage::kWebSocket;
  if (settings != nullptr) settings_ = std::move(settings);
  SendRaw(ByteView(response));
  GoOnReading();
}

void Connection::Reject(std::string_view response) {
  if (stage_ != Stage::kDeciding) return;
  stage_ = Stage::kRejected;
  DropInput();
  SendRaw(ByteView(response));
  // Whoever does not read the answer is not waited for any longer than for a head.
  ArmDeadline(settings_->handshake_timeout > 0 ? settings_->handshake_timeout
                                               : settings_->close_timeout);
  if (!peer_ended_) StartReading();
  EndTransport();
}

Flow Connection::OnMessage(const Message& message) {
  return message.compressed ? Inflate(message) : handler_->OnMessage(*this, message);
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

void Connection::FailInflating(ErrorCode error, const char* sentence) {
  reader_.Stop();
  handler_->OnProtocolError(*this, error, 0, sentence);
}

void Connection::OnInflated(const Message* message, ErrorCode error, const char* sentence) {
  loop_->budget().Begin(this);
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

Flow Connection::OnPing(ByteView payload) { return handler_->OnPing(*this, payload); }
Flow Connection::OnPong(ByteView payload) { return handler_->OnPong(*this, payload); }
void Connection::OnClose(uint16_t code, ByteView reason) {
  handler_->OnPeerClose(*this, code, reason);
}
void Connection::OnError(ErrorCode code, uint32_t detail) {
  handler_->OnProtocolError(*this, code, detail, {});
}

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

bool Connection::has_compression() const {
  return extras_ != nullptr && extras_->compression != nullptr;
}

bool Connection::inflating() const {
  return extras_ != nullptr && extras_->compression != nullptr &&
         extras_->compression->core.inflating();
}

void Connection::UseCompression(std::shared_ptr<const CompressionSettings> settings) {
  if (has_compression()) return;
  EnsureExtras().compression = std::make_unique<Compressed>(this, std::move(settings));
  reader_.set_rsv1_allowed(true);
}

void Connection::SendCompressed(const FrameHeader& header, ByteView payload, size_t most) {
  if (stage_ != Stage::kWebSocket || end_sent_ || !has_compression()) return;
  if (extras_->compression->core.Compress(&payload, header.rsv1, header.fin)) {
    SendFrames(header, payload, most);
  } else {
    Destroy();
  }
}

void Connection::SendLater(const FrameHeader& header, ByteView payload, size_t most) {
  if (stage_ != Stage::kWebSocket || end_sent_ || !has_compression()) return;
  if (extras_->compression->core.CompressLater(header, payload, header.fin)) {
    extras_->compression->most_later = most;
  } else {
    Destroy();
  }
}

void Connection::OnCompressed(const FrameHeader& header, const MessageBuffer* payload) {
  if (stage_ != Stage::kWebSocket) return;
  if (payload == nullptr) {
    Destroy();
    return;
  }
  SendFrames(header, {payload->data(), payload->size()}, extras_->compression->most_later);
  handler_->OnCompressed(*this);
}

void Connection::Close(uint16_t code, ByteView reason) {
  if (stage_ != Stage::kWebSocket) return;
  Output output(this);
  closing_.Close(code, reason, output);
  AfterStateChange();
  // Whatever was sent before it in this turn.
  if (loop_->sends_at_once() && transport_ != Transport::kExternal) Flush();
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

void Connection::AfterStateChange() {
  if (stage_ != Stage::kWebSocket) return;
  if (closing_.wants_deadline() && deadline_ == nullptr) {
    ArmDeadline(settings_->close_timeout);
  }
  if (closing_.wants_end()) {
    // Nothing more is delivered, so a paused connection must read on to see the peer's end.
    if (reader_.ended()) Resume();
    EndTransport();
  }
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

void Connection::SetNextMaskingKey(const uint8_t* key) {
  Extras& extras = EnsureExtras();
  std::memcpy(extras.next_key, key, sizeof(extras.next_key));
  extras.has_next_key = true;
}

void Connection::Terminate() {
  if (transport_ != Transport::kExternal) Flush();
  muted_ = true;
  DropInput();
  Destroy();
}

void Connection::Reset() {
  muted_ = true;
  DropInput();
  Destroy(0, true);
}

void Connection::SetCorked(bool corked) {
  EnsureExtras().corked = corked;
  if (corked || transport_ == Transport::kExternal) return;
  Flush();
  if (!notify_written_ || writing_ || stage_ == Stage::kClosed) return;
  notify_written_ = false;
  handler_->OnWritten(*this);
}

bool Connection::corked() const { return extras_ != nullptr && extras_->corked; }

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

void Connection::OnDeadline(DeadlineEntry* entry) {
  Connection* self = static_cast<Deadline*>(entry)->owner;
  self->deadline_.reset();
  if (self->stage_ != Stage::kHead) {
    self->Destroy();
    return;
  }
  self->ReportNoHead(UpgradeStatus::kTimedOut);
}

void Connection::Feed(uint8_t* data, size_t size) {
  loop_->budget().Grant(this);
  if (stage_ == Stage::kWebSocket) OnBytes(data, size);
}

void Connection::FeedEnd() {
  if (stage_ != Stage::kWebSocket || peer_ended_) return;
  peer_ended_ = true;
  ReportEnd();
}

void Connection::FeedClosed() {
  if (stage_ == Stage::kClosed) return;
  stage_ = Stage::kClosed;
  Unlist();
  handle_closed_ = true;
  loop_->budget().Begin(this);
  ReportClosed();
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

WriteBlock* Connection::TakeOutput() { return queue_.TakeAll(); }

bool Connection::TakeEnd() {
  if (!end_requested_ || end_sent_ || !queue_.empty()) return false;
  end_sent_ = true;
  return true;
}

void Connection::ArmDeadline(uint64_t milliseconds) {
  if (deadline_ == nullptr) deadline_ = std::make_unique<Deadline>(this);
  loop_->ArmDeadline(deadline_.get(), milliseconds);
}

void Connection::Unlist() { deadline_.reset(); }

void Connection::Destroy(int status, bool with_reset) {
  if (stage_ == Stage::kClosed) return;
  status_ = status;
  if (transport_ == Transport::kExternal) {
    wants_destroy_ = true;
    handler_->OnOutput(*this);
    return;
  }
  // What came before there was a WebSocket is of no interest to anybody.
  if (stage_ != Stage::kWebSocket) DropInput();
  stage_ = Stage::kClosed;
  reading_ = false;
  Unlist();
  if (!with_reset || transport_ != Transport::kTcp ||
      uv_tcp_close_reset(tcp(), OnHandleClosed) != 0) {
    uv_close(handle(), OnHandleClosed);
  }
  // Node's servers report their end in front of their last connection's, and so does this one.
  LeaveListener();
  loop_->budget().Begin(this);
  ReportClosed();
}

void Connection::LeaveListener() {
  if (listener_ != nullptr) std::exchange(listener_, nullptr)->RemoveConnection();
}

void Connection::Abandon() {
  reader_.Stop();
  DropInput();
  if (stage_ != Stage::kClosed) {
    stage_ = Stage::kClosed;
    Unlist();
    extras_.reset();
    LeaveListener();
    if (transport_ == Transport::kExternal) {
      handle_closed_ = true;
    } else {
      uv_close(handle(), OnHandleClosed);
    }
  }
  Release();
}

void Connection::Release() {
  released_ = true;
  DeleteIfDone();
}

void Connection::OnHandleClosed(uv_handle_t* handle) {
  auto* self = static_cast<Connection*>(handle->data);
  self->handle_closed_ = true;
  Loop* loop = self->loop_;
  // While the loop shuts down, it may be gone with the last handle.
  const bool is_running = !loop->shutting_down();
  self->DeleteIfDone();
  // What was reported when the handle began to close may not have been delivered yet, and there
  // may be no further turn of the loop.
  if (is_running) loop->RunRound();
}

void Connection::DeleteIfDone() {
  if (!handle_closed_ || !released_) return;
  Loop* loop = loop_;
  loop->Remove(this);
  delete this;
  loop->AfterDelete();
}

}  // namespace wsuv
