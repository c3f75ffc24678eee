#include "support/context_model.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "transport/external_connection.h"
#include "transport/listener.h"
#include "transport/socket_connection.h"

namespace wsuv::test {
namespace {

constexpr size_t kMostPeers = 10;
constexpr size_t kMostOutgoing = 1024 * 1024;
constexpr size_t kMostTurns = 5000;
// Nobody's handle: while it is fed, nothing may be delivered.
constexpr uint32_t kNobody = UINT32_MAX;
constexpr auto kNext = static_cast<size_t>(CursorWord::kNext);

EventKind KindOf(const int32_t* record) { return static_cast<EventKind>(record[0] & 0xFF); }
uint32_t FlagsOf(const int32_t* record) { return static_cast<uint32_t>(record[0]) >> 8 & 0xFF; }
size_t PieceOf(const int32_t* record) { return static_cast<uint32_t>(record[0]) >> 16; }
size_t OffsetOf(const int32_t* record) { return static_cast<uint32_t>(record[1]); }
size_t LengthOf(const int32_t* record) { return static_cast<uint32_t>(record[2]); }
uint32_t DetailOf(const int32_t* record) { return static_cast<uint32_t>(record[3]); }

constexpr uint64_t kStreamThreshold = 600;

// Around each size at which payloads take another way.
size_t SizeOf(Script& script) {
  static constexpr size_t kSizes[] = {0, 5, 5, 20, 60, 505, 600, 5000, 16380, 17000, 70000, 300000};
  return kSizes[script.Below(std::size(kSizes))] + script.Below(9);
}

}  // namespace

ContextModel::ContextModel(const uint8_t* data, size_t size) : script_(data, size), node_(&loop_) {
  // As Node.js does it.
  std::signal(SIGPIPE, SIG_IGN);
  uv_loop_init(&loop_);
  // Streams keep a loop alive by sockets of their own.
  uv_timer_init(&loop_, &keep_alive_);
  uv_timer_start(
      &keep_alive_, [](uv_timer_t*) {}, 3600 * 1000, 0);
  const size_t scope = node_.OpenScope();
  environment_ = Environment::Create(node_.env());
  environment_->loop();
  settings_ = std::make_shared<ConnectionSettings>();
  settings_->handshake_timeout = 0;
  streaming_settings_ = std::make_shared<ConnectionSettings>(*settings_);
  streaming_settings_->limits.stream_threshold = kStreamThreshold;
  for (Module& module : modules_) MakeModule(module);
  node_.on_uncaught = [this] { Act(nullptr, nullptr); };
  node_.CloseScope(scope);
}

ContextModel::~ContextModel() {
  if (!has_ended_) EndEnvironment();
  for (Module& module : modules_) module = Module();
  peers_.clear();
  uv_loop_close(&loop_);
}

void ContextModel::MakeModule(Module& module) {
  const auto function = [this, &module](FakeValue* receiver,
                                        const std::vector<FakeValue*>& arguments) {
    return Dispatch(module, receiver, arguments);
  };
  for (auto* made : {&module.dispatch, &module.dispatch_more, &module.endpoints}) {
    *made = std::make_shared<FakeValue>();
    (*made)->type = napi_function;
    (*made)->call = function;
  }
  module.endpoints->type = napi_object;
  auto context =
      std::make_unique<Context>(environment_, node_.Keep(module.dispatch),
                                node_.Keep(module.dispatch_more), node_.Keep(module.endpoints));
  if (!context->Prepare()) Fault("there is no memory for a context");
  module.context = environment_->AddContext(std::move(context));
  module.cursor_view = node_.Shared(module.context->Cursor());
  module.ring = node_.Shared(module.context->Ring());
  module.few = node_.Shared(module.context->Few());
  module.cursor = reinterpret_cast<int32_t*>(module.cursor_view->bytes());

  Listener*& listener = listeners_[&module - modules_];
  listener = new Listener(environment_->loop(), module.context, module.context, settings_, true);
  environment_->AddListener(listener);
  module.context->Retain();
}

void ContextModel::Fault(const std::string& text) {
  if (fault_.empty()) fault_ = text;
}

ModelPeer* ContextModel::PeerOf(uint32_t handle) {
  for (const auto& peer : peers_) {
    if (peer->handle == handle && handle != 0) return peer.get();
  }
  return nullptr;
}

// One that JavaScript has; null where there is none.
ModelPeer* ContextModel::AnyPeer() {
  std::vector<ModelPeer*> known;
  for (const auto& peer : peers_) {
    if (peer->handle != 0) known.push_back(peer.get());
  }
  return known.empty() ? nullptr : known[script_.Below(known.size())];
}

// What the addon calls.

bool ContextModel::Dispatch(Module& module, FakeValue* receiver,
                            const std::vector<FakeValue*>& arguments) {
  const auto word = [&module](CursorWord which) {
    return static_cast<uint32_t>(module.cursor[static_cast<size_t>(which)]);
  };
  const uint32_t handle = word(CursorWord::kHandle);
  const size_t at = word(CursorWord::kNext);
  const size_t end = word(CursorWord::kEnd);
  module.cursor[kNext] = kCursorDone;
  if (!fault_.empty()) return true;
  if (has_ended_) Fault("something is delivered after the end of the environment");
  const FakeValue* given_ring =
      arguments[0]->type == napi_object ? arguments[0] : module.ring.get();
  auto* records = reinterpret_cast<int32_t*>(given_ring->bytes());
  const Arguments given = {arguments[1],
                           arguments[2],
                           word(CursorWord::kBase),
                           module.few.get(),
                           {arguments.begin() + 3, arguments.end()}};
  CheckCall(module, PeerOf(handle), handle, receiver);
  if (PeerOf(handle) == nullptr) {
    size_t first = at;
    while (first < end && KindOf(&records[first]) == EventKind::kNothing) first += kRecordWords;
    const bool is_upgrade = first < end && KindOf(&records[first]) == EventKind::kUpgrade;
    if (!is_upgrade) return WorkOffNobodys(module, handle, records, first, end);
    OnUpgrade(module, handle, &records[first], given);
  }
  ModelPeer* peer = PeerOf(handle);
  if (peer == nullptr) return true;
  if (peer->is_working) Fault("a connection's records are delivered while it works some off");

  Delivery delivery;
  const bool goes_on =
      !interrupted_.empty() && interrupted_.back().handle == handle && interrupted_.back().at == at;
  if (goes_on) {
    delivery = interrupted_.back();
    interrupted_.pop_back();
  } else {
    delivery.handle = handle;
    delivery.was_muted = peer->is_muted;
    delivery.was_paused =
        peer->connection->paused() && peer->connection->stage() != Connection::Stage::kClosed;
    for (const FakeValue* piece : given.more) {
      if (piece->type != napi_object) continue;  // There was no memory.
      if (piece->memory->bytes == nullptr && piece->length > 0) delivery.is_detached = true;
    }
    if (!delivery.is_detached) CheckMemory(peer, records, at, end, given);
  }
  delivery.at = at;
  depth_++;
  peer->is_working = true;
  const bool is_done = WorkOff(module, delivery, records, end, given);
  peer->is_working = false;
  depth_--;
  return is_done;
}

// What can be said of a call whatever its records are.
void ContextModel::CheckCall(Module& module, ModelPeer* peer, uint32_t handle,
                             FakeValue* receiver) {
  if (peer != nullptr && Environment::ContextOf(*peer->connection) != module.context) {
    Fault("another evaluation of lib/ is called");
  }
  if (node_.call.in_javascript) {
    if (reports_.empty() || reports_.back() != handle) Fault("another connection is delivered");
    return;
  }
  if (!reports_.empty()) Fault("a call of the addon's delivers everything");
  for (const auto& other : peers_) {
    if (other->endpoint == nullptr) continue;
    if ((receiver == other->endpoint.get()) != (other.get() == peer)) {
      Fault("the asynchronous resource is not the connection's");
    }
  }
  if (node_.call.async != (peer == nullptr ? nullptr : peer->async)) {
    Fault("the asynchronous context is not the connection's");
  }
}

// Nobody knows the handle: it is a listener's, or one for whose upgrade there was no memory.
bool ContextModel::WorkOffNobodys(Module&, uint32_t handle, int32_t* records, size_t at,
                                  size_t end) {
  for (; at < end; at += kRecordWords) {
    const EventKind kind = KindOf(&records[at]);
    records_++;
    if (handle == 0 && kind == EventKind::kListenerClosed) {
      listeners_closed_++;
    } else if (kind == EventKind::kClosed && node_.failures > 0) {
      environment_->ReleaseHandle(handle);
      if (environment_->Find(handle) != nullptr) Fault("a handle is not given back");
    } else if (kind != EventKind::kNothing && node_.failures == 0) {
      Fault("records of a handle that nobody has");
    }
  }
  return true;
}

// Memory that JavaScript gets has the connection's bytes in it, and nothing else.
void ContextModel::CheckMemory(ModelPeer* peer, const int32_t* records, size_t at, size_t end,
                               const Arguments& arguments) {
  // A head, and frames that are masked, can be anything.
  if (peer->is_tapped) return;
  for (; at < end; at += kRecordWords) {
    if (KindOf(&records[at]) == EventKind::kUpgrade) return;
  }
  const auto check = [this, peer](const FakeMemory& memory) {
    for (size_t i = 0; i < memory.size; i++) {
      if (memory.bytes[i] == 0 || peer->MaySay(memory.bytes[i])) continue;
      Fault("memory shows what connection " + std::to_string(peer->number) +
            " has not received: " + std::to_string(memory.bytes[i]) + " at " + std::to_string(i) +
            " of " + std::to_string(memory.size));
      return;
    }
  };
  if (arguments.memory->type == napi_object && arguments.memory->memory->own != nullptr) {
    // A piece of a message may be as large as a read.
    const bool is_limited = peer->stream_threshold == 0;
    if (is_limited && arguments.memory->length > Staging::kChunkSize) {
      Fault("memory is larger than it may be");
    }
    check(*arguments.memory->memory);
  }
  for (const FakeValue* piece : arguments.more) {
    // Not the ends of fragments, which are an ArrayBuffer; nor what no user ever sees.
    if (piece->type != napi_object || piece->buffer == nullptr) continue;
    if (piece->memory->own != nullptr) check(*piece->memory);
  }
}

bool ContextModel::WorkOff(Module& module, Delivery& delivery, int32_t* records, size_t end,
                           const Arguments& arguments) {
  ModelPeer* const peer = PeerOf(delivery.handle);
  while (delivery.at < end && fault_.empty()) {
    const int32_t* record = &records[delivery.at];
    const EventKind kind = KindOf(record);
    delivery.at += kRecordWords;
    module.cursor[kNext] = static_cast<int32_t>(delivery.at);
    records_++;
    if (kind == EventKind::kNothing) continue;
    if (peer->is_over) Fault("something comes after the end");
    if (IsInput(kind) && delivery.was_muted) Fault("input of a terminated connection");
    const bool wants_memory = kind == EventKind::kProtocolError &&
                              FlagsOf(record) == static_cast<uint32_t>(ErrorCode::kOutOfMemory);
    // Its peer's end may come at once; OnRecord() sees that it comes behind what was received.
    const bool may_come = wants_memory || kind == EventKind::kPeerEnd;
    if (IsInput(kind) && delivery.was_paused && !may_come) {
      Fault("input of a paused connection");
    }
    if (!fault_.empty()) break;
    OnRecord(module, peer, record, arguments, delivery);
    for (size_t i = script_.Below(3); i > 0; i--) Act(&delivery, &arguments);
    if (!is_draining_ && script_.Byte() % 16 == 1) {
      throws_++;
      if (delivery.at < end) interrupted_.push_back(delivery);
      return false;
    }
  }
  module.cursor[kNext] = kCursorDone;
  return true;
}

std::string ContextModel::PayloadOf(ModelPeer* peer, const int32_t* record,
                                    const Arguments& arguments, bool* is_there) {
  const size_t length = LengthOf(record);
  const size_t piece = PieceOf(record);
  size_t at = OffsetOf(record);
  *is_there = true;
  if (length == 0) return {};
  const FakeValue* from = piece == 0 ? arguments.memory : nullptr;
  const bool is_alone =
      arguments.memory->type != napi_object && arguments.staging->type != napi_object;
  if (piece == 0 && is_alone) from = arguments.few;
  if (piece == 0 && peer->wants_text && KindOf(record) == EventKind::kText &&
      arguments.staging->type == napi_object) {
    from = arguments.staging;
    at += arguments.base;
  }
  if (piece > 0 && piece <= arguments.more.size()) from = arguments.more[piece - 1];
  *is_there = from != nullptr && from->type == napi_object && at + length <= from->length;
  if (!*is_there) return {};
  if (from->memory->bytes == nullptr) return {};
  return std::string(reinterpret_cast<const char*>(from->bytes() + at), length);
}

void ContextModel::OnRecord(Module& module, ModelPeer* peer, const int32_t* record,
                            const Arguments& arguments, Delivery& delivery) {
  Connection* const connection = peer->connection;
  bool is_there = true;
  switch (KindOf(record)) {
    case EventKind::kUpgrade:
      if (std::exchange(peer->is_announced, true)) Fault("an upgrade comes twice");
      break;
    case EventKind::kPeerClose: {
      const std::string reason =
          peer->expected.empty() ? std::string() : peer->expected.front().payload;
      CheckExpected(peer, record, arguments, delivery.is_detached);
      connection->ReactToClose(static_cast<uint16_t>(DetailOf(record)), ByteView(reason));
      break;
    }
    case EventKind::kProtocolError:
      CheckExpected(peer, record, arguments, delivery.is_detached);
      connection->ReactToError(static_cast<ErrorCode>(FlagsOf(record)));
      break;
    case EventKind::kPeerEnd:
      if (!peer->has_ended && !peer->stream_ended) Fault("an end that the peer has not sent");
      if (peer->is_decided && !peer->may_lose && !peer->expected.empty()) {
        Fault("the peer's end comes before what it said");
      }
      connection->ReactToEnd();
      break;
    case EventKind::kOutput:
      Pump(peer);
      break;
    case EventKind::kRaw: {
      const std::string bytes = PayloadOf(peer, record, arguments, &is_there);
      // Behind an error for want of memory there may be gaps.
      const bool is_whole = !delivery.is_detached && (!peer->may_lose || node_.failures == 0);
      if (is_whole && peer->raw.compare(peer->raw_reported, LengthOf(record), bytes) != 0) {
        Fault("raw bytes are not what the peer sent");
      }
      peer->raw_reported += LengthOf(record);
      break;
    }
    case EventKind::kWritten:
    case EventKind::kCompressed:
    case EventKind::kFailed:
      break;
    case EventKind::kClosed:
      OnClosed(module, peer);
      break;
    case EventKind::kListenerClosed:
      Fault("a listener's end among a connection's records");
      break;
    case EventKind::kPiece:
      CheckPiece(peer, record, arguments, delivery.is_detached);
      break;
    default:
      CheckExpected(peer, record, arguments, delivery.is_detached);
  }
}

void ContextModel::CheckExpected(ModelPeer* peer, const int32_t* record, const Arguments& arguments,
                                 bool is_detached) {
  const EventKind kind = KindOf(record);
  if (kind == EventKind::kProtocolError &&
      FlagsOf(record) == static_cast<uint32_t>(ErrorCode::kOutOfMemory)) {
    if (node_.failures == 0) Fault("there was memory");
    peer->may_lose = peer->has_ended = true;
    return;
  }
  if (peer->expected.empty()) {
    Fault("a record of something that the peer has not said");
    return;
  }
  const Expected event = std::move(peer->expected.front());
  peer->expected.pop_front();
  bool is_there = true;
  const std::string payload = PayloadOf(peer, record, arguments, &is_there);
  if (kind != event.kind) {
    Fault("a record of kind " + std::to_string(static_cast<int>(event.kind)) +
          " was due, and not one of " + std::to_string(static_cast<int>(kind)) + ", flags " +
          std::to_string(FlagsOf(record)) + ", " + std::to_string(LengthOf(record)) + " bytes");
  }
  if (!is_there) Fault("a payload outside of its memory");
  if (kind == EventKind::kPeerClose && DetailOf(record) != event.detail) Fault("another code");
  if (kind != EventKind::kProtocolError && !is_detached && payload != event.payload) {
    Fault("another payload was due: " + event.payload.substr(0, 20) + ", " +
          std::to_string(event.payload.size()) + " bytes, and not " + payload.substr(0, 20) + ", " +
          std::to_string(payload.size()));
  }
  const bool in_fragments = kind <= EventKind::kBinary && (FlagsOf(record) & kFlagFragments) != 0;
  if (in_fragments != event.in_fragments) Fault("fragments are told of wrongly");
  if (!in_fragments || !fault_.empty()) return;
  const FakeValue* ends = arguments.more[DetailOf(record) - 1];
  double last = 0;
  if (ends->memory->bytes == nullptr) return;
  std::memcpy(&last, ends->memory->bytes + ends->length - sizeof(last), sizeof(last));
  if (last != static_cast<double>(event.payload.size())) Fault("the last fragment ends elsewhere");
}

// The next bytes of a message, of as many of its frames as there are.
void ContextModel::CheckPiece(ModelPeer* peer, const int32_t* record, const Arguments& arguments,
                              bool is_detached) {
  bool is_there = true;
  const std::string piece = PayloadOf(peer, record, arguments, &is_there);
  if (!is_there) Fault("a piece outside of its memory");
  const size_t place = PieceOf(record);
  const FakeValue* const from = place > 0 ? arguments.more[place - 1] : arguments.memory;
  const bool is_lent = (FlagsOf(record) & kFlagLent) != 0;
  if (is_lent && from->type != napi_object) Fault("what is lent has no memory");
  if (from->type == napi_object && !is_detached) {
    const FakeMemory& memory = *from->memory;
    if (is_lent != (memory.own == nullptr)) Fault("a piece does not say whether it is lent");
    if (place > 0 && !is_lent && memory.size > 2 * LengthOf(record) + 4096)
      Fault("a piece pins more than it has");
  }
  if (peer->expected.empty() || peer->expected.front().kind != EventKind::kPiece) {
    Fault("a piece of something that the peer has not said");
    return;
  }
  Expected& event = peer->expected.front();
  const uint32_t flags = FlagsOf(record);
  const bool is_first = (flags & kFlagFirst) != 0;
  const bool is_last = (flags & kFlagLast) != 0;
  if (is_first != event.begins) Fault("a piece is of another message");
  event.begins = false;
  const size_t size = LengthOf(record);
  if (size > event.payload.size() || (!is_detached && event.payload.compare(0, size, piece) != 0)) {
    Fault("a piece has other bytes than its message");
    return;
  }
  event.payload.erase(0, size);
  if (is_last && !(event.ends && event.payload.empty())) Fault("a message ends too early");
  if (event.payload.empty() && (is_last || !event.ends)) peer->expected.pop_front();
}

void ContextModel::OnUpgrade(Module& module, uint32_t handle, const int32_t* record,
                             const Arguments& arguments) {
  bool is_there = true;
  ModelPeer nobody(0, ModelPeer::Kind::kAccepted, Role::kServer);
  const std::string head = PayloadOf(&nobody, record, arguments, &is_there);
  const size_t number = std::strtoul(head.c_str() + std::min<size_t>(head.size(), 5), nullptr, 10);
  if (number >= peers_.size() || peers_[number]->is_announced || peers_[number]->handle != 0) {
    Fault("an upgrade that nobody has asked for");
    return;
  }
  ModelPeer* peer = peers_[number].get();
  if (environment_->Find(handle) != peer->connection) {
    Fault("the handle of an upgrade is another connection's");
    return;
  }
  if (Environment::SlotOf(handle) > most_alive_) Fault("a slot was not used again");
  peer->handle = handle;
  if (peer->is_tapped) {
    peer->connection->set_tapped(true);
    peer->raw_reported = static_cast<size_t>(peer->connection->received());
  }
  static_cast<void>(module);
}

void ContextModel::OnClosed(Module& module, ModelPeer* peer) {
  if (peer->is_decided && !peer->may_lose && !peer->expected.empty()) {
    Fault("the end comes before what the peer said");
  }
  const uint32_t handle = std::exchange(peer->handle, 0);
  auto& endpoints = module.endpoints->elements;
  const uint32_t slot = Environment::SlotOf(handle);
  if (slot < endpoints.size()) endpoints[slot].reset();
  peer->endpoint.reset();
  peer->is_over = true;
  peer->connection = nullptr;
  alive_--;
  environment_->ReleaseHandle(handle);
  if (environment_->Find(handle) != nullptr) Fault("a handle is not given back");
  peer->CloseSocket();
}

// What handlers, and everybody else, may do.

void ContextModel::Act(Delivery* delivery, const Arguments* arguments) {
  if (depth_ > 4 || is_draining_ || script_.empty() || !fault_.empty()) return;
  actions_++;
  const uint8_t what = script_.Byte();
  ModelPeer* const peer = AnyPeer();
  if (peer == nullptr || what % 32 < 3) {
    Connect(static_cast<ModelPeer::Kind>(what % 3));
    return;
  }
  Connection* const connection = peer->connection;
  const bool is_stream = peer->kind == ModelPeer::Kind::kStream;
  if (what % 32 < 12) {
    Talk(peer);
    return;
  }
  reports_.push_back(kNobody);
  switch (what % 32) {
    case 12:
      Terminate(peer);
      break;
    case 13:
      connection->Pause();
      break;
    case 14:
      Resume(peer);
      break;
    case 15:
      connection->Close(1000, ByteView(std::string_view("bye")));
      break;
    case 16: {
      FrameHeader header;
      header.opcode = Opcode::kBinary;
      const std::string payload(SizeOf(script_), 'x');
      if (peer->is_decided) connection->SendFrame(header, ByteView(payload));
      connection->NotifyWritten();
      break;
    }
    case 17:
      connection->EndTransport();
      break;
    case 18:
      node_.allocations_until_failure = static_cast<long>(script_.Below(6));
      break;
    case 19:
      // lib/ gives one back when it hears of the end; before that it means nothing.
      if (connection->stage() == Connection::Stage::kClosed) break;
      environment_->ReleaseHandle(peer->handle);
      if (environment_->Find(peer->handle) != connection)
        Fault("a handle that is in use was freed");
      break;
    case 20:
      if (delivery == nullptr || !script_.Flag()) break;
      delivery->is_detached = true;
      // Of what no user sees, nobody can.
      if (arguments->memory->type == napi_object && arguments->memory->memory->own != nullptr) {
        arguments->memory->memory->Detach();
      }
      for (FakeValue* piece : arguments->more) {
        if (piece->type == napi_object && piece->memory->own != nullptr) piece->memory->Detach();
      }
      break;
    case 21:
      if (is_stream) Pump(peer);
      break;
    case 22:
      if (!is_stream) peer->End();
      break;
    case 23:
      if (!is_stream && script_.Flag()) peer->CloseSocket();
      break;
    default:
      Decide(peer);
  }
  reports_.pop_back();
  switch (what % 32) {
    case 24:
    case 25:
    case 26:
    case 27:
    case 28:
      if (is_stream) Feed(peer);
      break;
    case 29:
      if (is_stream && (peer->wants_closing || script_.Byte() % 8 == 1)) CloseStream(peer);
      break;
    case 30:
      Report(peer, [](Connection& fed) { fed.ReadHeldNow(); });
      break;
    default:
      break;
  }
}

void ContextModel::Connect(ModelPeer::Kind kind) {
  if (alive_ >= kMostPeers) return;
  Module& module = modules_[script_.Below(2)];
  const bool is_server = kind == ModelPeer::Kind::kAccepted || script_.Flag();
  const Role role = is_server ? Role::kServer : Role::kClient;
  peers_.push_back(std::make_unique<ModelPeer>(peers_.size(), kind, role));
  ModelPeer* peer = peers_.back().get();
  const bool is_stream = kind == ModelPeer::Kind::kStream;
  peer->is_tapped = !is_stream && script_.Byte() % 8 == 1;
  peer->wants_text = script_.Flag();
  const bool is_streaming = kind != ModelPeer::Kind::kAccepted && script_.Byte() % 4 == 1;
  const auto& settings = is_streaming ? streaming_settings_ : settings_;
  peer->stream_threshold = settings->limits.stream_threshold;
  alive_++;
  most_alive_ = std::max(most_alive_, alive_);

  Loop* const loop = environment_->loop();
  if (is_stream) {
    peer->connection = ExternalConnection::Make(loop, module.context, settings, role);
  } else {
    int ends[2] = {-1, -1};
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
    auto* socket =
        SocketConnection::Make(loop, module.context, settings, role, SocketConnection::Kind::kPipe);
    peer->connection = socket;
    if (kind == ModelPeer::Kind::kAccepted) {
      peer->fd = ends[1];
      peer->SayHead();
      socket->StartAccepted(listeners_[&module - modules_], ends[0]);
      return;
    }
    // What was read with the opening handshake.
    if (!peer->is_tapped && script_.Flag()) Talk(peer);
    socket->set_tapped(peer->is_tapped);
    socket->StartAdopted(ends[0], ByteView(peer->outgoing));
    peer->outgoing.clear();
    close(ends[0]);
    peer->fd = ends[1];
  }
  Connection* const connection = peer->connection;
  peer->is_announced = peer->is_decided = true;
  environment_->AssignHandle(*connection);
  peer->handle = connection->id();
  if (Environment::SlotOf(peer->handle) > most_alive_) Fault("a slot was not used again");
  if (role == Role::kClient) {
    auto scope = std::make_shared<AsyncScope>(node_.env());
    peer->async = scope->context();
    environment_->SetScope(peer->handle, std::move(scope));
  }
  if (peer->wants_text) environment_->SetWantsText(peer->handle);
  auto& endpoints = module.endpoints->elements;
  const uint32_t slot = Environment::SlotOf(peer->handle);
  if (endpoints.size() <= slot) endpoints.resize(slot + 1);
  peer->endpoint = endpoints[slot] = std::make_shared<FakeValue>();
  peer->endpoint->type = napi_object;
}

// The peer says something; some of it reaches the socket at once.
void ContextModel::Talk(ModelPeer* peer) {
  if (peer->outgoing.size() > kMostOutgoing) return;
  switch (script_.Below(16)) {
    case 0:
      peer->SayClose(1000);
      break;
    case 1:
      if (script_.Flag()) peer->SayNonsense();
      break;
    case 2:
      peer->SayControl(EventKind::kPing, script_.Below(126));
      break;
    case 3:
      peer->SayControl(EventKind::kPong, script_.Below(126));
      break;
    case 4:
    case 5:
      if (peer->stream_threshold > 0) {
        // As lib/ does it when it begins, or stops, to pass pieces on.
        peer->is_lent = !peer->is_lent;
        if (peer->handle != 0) environment_->SetLendsPieces(peer->handle, peer->is_lent);
        // Those that come in pieces follow each other, too.
        peer->SayInFragments(SizeOf(script_), 3, false);
      }
      peer->SayInFragments(SizeOf(script_), 2 + script_.Below(4), script_.Flag());
      break;
    case 6:
      // More than one turn takes, and than one ring has room for.
      for (size_t i = 200 + script_.Below(1000); i > 0; i--) peer->SayMessage(i % 40, true);
      break;
    default:
      for (size_t i = 1 + script_.Below(5); i > 0; i--) {
        peer->SayMessage(SizeOf(script_), script_.Flag());
      }
  }
  if (script_.Flag()) peer->MoveBytes();
}

// An upgrade that waits for an answer gets one.
void ContextModel::Decide(ModelPeer* peer) {
  if (peer->is_decided || peer->handle == 0) return;
  const int answer = is_draining_ ? 0 : script_.Byte() % 16;
  if (answer == 1) {
    peer->may_lose = true;
    peer->connection->Reject("HTTP/1.1 400 Bad Request\r\n\r\n");
    return;
  }
  peer->is_decided = true;
  if (peer->wants_text) environment_->SetWantsText(peer->handle);
  peer->connection->Accept("HTTP/1.1 101 Switching Protocols\r\n\r\n", nullptr);
}

void ContextModel::Terminate(ModelPeer* peer) {
  peer->is_muted = peer->may_lose = true;
  if (script_.Byte() % 4 == 1) {
    peer->connection->Reset();
  } else {
    peer->connection->Terminate();
  }
  if (peer->kind == ModelPeer::Kind::kStream) Pump(peer);
}

void ContextModel::Resume(ModelPeer* peer) {
  peer->connection->Resume();
  Environment::ContextOf(*peer->connection)->Resumed(peer->connection);
}

// As calls_stream.cc does it.
template <typename Action>
void ContextModel::Report(ModelPeer* peer, Action action) {
  const uint32_t handle = peer->handle;
  if (handle == 0 || !fault_.empty()) return;
  Connection* const connection = peer->connection;
  Context* const context = Environment::ContextOf(*connection);
  const size_t scope = node_.OpenScope();
  reports_.push_back(handle);
  context->DeliverOf(connection);
  if (environment_->Find(handle) == connection && peer->handle == handle) {
    reports_.push_back(kNobody);
    action(*connection);
    reports_.pop_back();
    context->DeliverOf(connection);
  }
  reports_.pop_back();
  node_.CloseScope(scope);
  if (peer->handle == handle) Pump(peer);
}

void ContextModel::Feed(ModelPeer* peer) {
  if (peer->stream_ended || peer->wants_closing) return;
  // A stream that is held is paused, but what is on its way comes all the same.
  if (peer->connection->is_holding() && !is_draining_ && script_.Byte() % 4 != 1) return;
  const size_t wanted =
      !is_draining_ && script_.Flag() ? script_.Below(65536) : peer->outgoing.size();
  // Taken only then: handlers that run before may feed it, too.
  Report(peer, [peer, wanted](Connection& fed) {
    const size_t count = std::min(wanted, peer->outgoing.size());
    std::vector<uint8_t> chunk(peer->outgoing.begin(),
                               peer->outgoing.begin() + static_cast<std::ptrdiff_t>(count));
    peer->outgoing.erase(0, count);
    fed.Feed(chunk.data(), chunk.size());
  });
  if (peer->handle == 0 || !peer->outgoing.empty()) return;
  if (is_draining_ || script_.Byte() % 16 != 1) return;
  peer->stream_ended = peer->has_ended = true;
  Report(peer, [](Connection& fed) { fed.FeedEnd(); });
}

void ContextModel::CloseStream(ModelPeer* peer) {
  peer->has_ended = true;
  if (!peer->outgoing.empty()) peer->may_lose = true;
  Report(peer, [](Connection& fed) { fed.AsExternal()->FeedClosed(); });
}

// As stream-link.js does it, whose stream takes everything at once.
void ContextModel::Pump(ModelPeer* peer) {
  if (peer->connection == nullptr || peer->kind != ModelPeer::Kind::kStream) return;
  ExternalConnection* const connection = peer->connection->AsExternal();
  connection->loop().pool().Give(connection->TakeOutput());
  if (connection->wants_destroy()) {
    peer->wants_closing = true;
  } else if (connection->TakeEnd()) {
    // The other side hears of it.
    peer->has_ended = true;
  }
}

void ContextModel::Turn() {
  const size_t scope = node_.OpenScope();
  for (const auto& peer : peers_) peer->MoveBytes();
  uv_run(&loop_, UV_RUN_NOWAIT);
  node_.CloseScope(scope);
}

// Whether everybody's messages have come.
bool ContextModel::IsSettled() {
  return std::all_of(peers_.begin(), peers_.end(), [](const auto& peer) {
    return peer->is_over || peer->may_lose || peer->expected.empty();
  });
}

// Everything is accepted, resumed and fed, until all has come that is to come; then all ends.
void ContextModel::Drain() {
  is_draining_ = true;
  node_.allocations_until_failure = -1;
  for (size_t turn = 0; turn < kMostTurns && fault_.empty() && !IsSettled(); turn++) {
    for (size_t i = 0; i < peers_.size(); i++) {
      ModelPeer* peer = peers_[i].get();
      if (peer->handle == 0) continue;
      Decide(peer);
      if (peer->connection->paused()) Resume(peer);
      if (peer->kind != ModelPeer::Kind::kStream) continue;
      if (!peer->connection->is_holding()) Feed(peer);
      if (peer->handle != 0 && peer->wants_closing) CloseStream(peer);
    }
    Turn();
  }
  for (const auto& peer : peers_) {
    if (peer->is_over || peer->may_lose || peer->expected.empty()) continue;
    Fault("of connection " + std::to_string(peer->number) + " of kind " +
          std::to_string(static_cast<int>(peer->kind)) + " " +
          std::to_string(peer->expected.size()) + " records have not come, " +
          std::to_string(peer->outgoing.size()) + " bytes have not left");
  }
  for (size_t turn = 0; turn < kMostTurns && fault_.empty(); turn++) {
    for (size_t i = 0; i < peers_.size(); i++) {
      ModelPeer* peer = peers_[i].get();
      peer->CloseSocket();
      if (peer->handle == 0) continue;
      Decide(peer);
      if (i % 2 == 0) Terminate(peer);
      if (peer->connection->paused()) Resume(peer);
      if (peer->kind == ModelPeer::Kind::kStream) CloseStream(peer);
    }
    Turn();
    if (environment_->open_sockets() == std::size(listeners_)) break;
  }
  for (Listener* listener : listeners_) listener->Close();
  for (size_t turn = 0; turn < kMostTurns && fault_.empty(); turn++) {
    if (listeners_closed_ == std::size(listeners_)) break;
    Turn();
  }
  for (const auto& peer : peers_) {
    if (peer->handle == 0) continue;
    Fault("connection " + std::to_string(peer->number) + " of kind " +
          std::to_string(static_cast<int>(peer->kind)) + " has not ended");
  }
  if (environment_->open_sockets() > 0) Fault("something is left open");
  if (environment_->HasEvents()) Fault("something is left to be delivered");
  if (node_.uncaught != throws_) Fault("an exception went elsewhere");
  for (const Module& module : modules_) {
    if (module.dispatch.use_count() > 1) Fault("JavaScript's functions are held for ever");
  }
}

void ContextModel::EndEnvironment() {
  has_ended_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&keep_alive_), nullptr);
  bool is_done = false;
  node_.End([&is_done] { is_done = true; });
  for (size_t turn = 0; turn < kMostTurns && !is_done; turn++) uv_run(&loop_, UV_RUN_NOWAIT);
  if (!is_done) Fault("the environment does not end");
  if (node_.references > 0) Fault("a reference to JavaScript is left");
  if (node_.external_memory != 0) Fault("JavaScript is told of memory that is gone");
}

std::string ContextModel::Run() {
  const bool ends_at_once = script_.Byte() % 8 == 1;
  while (!script_.empty() && fault_.empty()) {
    if (script_.Byte() % 4 == 0) {
      Turn();
    } else {
      const size_t scope = node_.OpenScope();
      Act(nullptr, nullptr);
      node_.CloseScope(scope);
    }
  }
  if (!ends_at_once && fault_.empty()) Drain();
  EndEnvironment();
  return fault_;
}

}  // namespace wsuv::test
