#include "binding/context.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "binding/environment.h"
#include "binding/handle_scope.h"
#include "binding/pending_exception.h"
#include "protocol/assert.h"
#include "protocol/upgrade.h"

namespace wsuv {
namespace {

// Events are delivered before the end of polling once this much payload waits.
constexpr size_t kMaxWaitingBytes = 1024 * 1024;
// A record has 16 bits for the place of its piece of memory. A batch has fewer by far.
constexpr size_t kMaxPieces = 4096;
// The arguments that every call of `dispatch` has.
constexpr size_t kFixedArguments = 3;
// Batches that are delivered in one handle scope.
constexpr size_t kBatchesInScope = 32;
// More memory than this that JavaScript was given does not wait for the end of such a scope.
constexpr size_t kMuchMemory = 4096;
// Memory for pieces of a message is at most so many times as large as what has come of them.
constexpr size_t kPieceGrowth = 4;
// Frames are put together to pieces of this size: larger ones are no cheaper, and memory for them
// less so.
constexpr size_t kMaxPiece = 128 * 1024;
// A read of at most this size is staged: copying it twice, through warm memory, costs less than
// memory for JavaScript that has to be referred to until it is delivered.
constexpr size_t kStagedRead = 16 * 1024;

uint32_t HeadOf(EventKind kind, uint32_t flags, size_t piece) {
  return static_cast<uint32_t>(kind) | flags << 8 | static_cast<uint32_t>(piece) << 16;
}

/// As seam.h has it.
uint32_t DetailOf(const Connection& connection, int status) {
  return static_cast<uint32_t>(connection.write_failed() ? status - kFailedWrite : status);
}

EventKind KindOf(const EventRecord& record) { return static_cast<EventKind>(record.head & 0xFF); }

void TakeBack(EventRecord& record) { record.head = static_cast<int32_t>(EventKind::kNothing); }

}  // namespace

Context::Context(Environment* environment, napi_value dispatch, napi_value dispatch_more,
                 napi_value endpoints)
    : environment_(environment), env_(environment->env()) {
  // Weak until there is something to deliver to.
  napi_create_reference(env_, dispatch, 0, &dispatch_);
  napi_create_reference(env_, dispatch_more, 0, &dispatch_more_);
  resources_ = std::make_unique<Resources>(env_, endpoints);
}

Context::~Context() { Detach(); }

bool Context::Prepare() {
  cursor_ = SharedMemory::Create(env_, static_cast<size_t>(CursorWord::kCount) * sizeof(int32_t));
  few_ = SharedMemory::Create(env_, 2 * kFewBytes);
  return cursor_ != nullptr && few_ != nullptr && rings_.Prepare(env_);
}

void Context::Detach() {
  if (dispatch_ == nullptr) return;
  open_ = nullptr;
  batches_.clear();
  stream_batches_.clear();
  held_.clear();
  overflow_.clear();
  placed_.reset();
  piece_.reset();
  staging_.Clear();
  lent_.Clear();
  rings_.Clear();
  cursor_.reset();
  few_.reset();
  napi_delete_reference(env_, dispatch_);
  napi_delete_reference(env_, dispatch_more_);
  resources_.reset();
  dispatch_ = dispatch_more_ = nullptr;
}

void Context::Retain() {
  if (retained_++ > 0 || dispatch_ == nullptr) return;
  napi_reference_ref(env_, dispatch_, nullptr);
  napi_reference_ref(env_, dispatch_more_, nullptr);
  resources_->Retain();
}

void Context::Unretain() {
  if (--retained_ > 0 || dispatch_ == nullptr) return;
  napi_reference_unref(env_, dispatch_, nullptr);
  napi_reference_unref(env_, dispatch_more_, nullptr);
  resources_->Unretain();
}

// Reporting.

// What is delivered in a call is looked for by every such call, and so kept apart from what
// thousands of others report.
std::vector<Context::Batch>& Context::BatchesOf(const Connection* connection) {
  const bool in_call = connection != nullptr && connection->delivery() == Delivery::kInCall;
  return in_call ? stream_batches_ : batches_;
}

// Begins a batch with a place for one record; null where there is no memory.
EventRecord* Context::OpenBatch(Connection* connection) {
  open_ = nullptr;
  // What could not be recorded comes first.
  if (!overflow_.empty()) return nullptr;
  EventRing* ring = nullptr;
  EventRecord* record = rings_.Add(env_, &ring);
  if (record == nullptr) return nullptr;
  std::vector<Batch>& batches = BatchesOf(connection);
  batches.emplace_back();
  open_ = &batches.back();
  open_->connection = connection;
  if (connection != nullptr) open_->handle = connection->id();
  open_->ring = ring;
  open_->start = ring->used - 1;
  open_->end = ring->used;
  return record;
}

// A place for one record, in the batch that is open then; null where there is no memory.
inline EventRecord* Context::AddRecord(Connection* connection) {
  if (open_ == nullptr || open_->connection != connection || open_->end == EventRing::kCapacity) {
    return OpenBatch(connection);
  }
  open_->ring->used = open_->end + 1;
  return &open_->ring->records()[open_->end++];
}

void Context::AddEvent(Connection* connection, EventKind kind, uint32_t flags, uint32_t detail) {
  if (dispatch_ == nullptr) return;
  EventRecord* record = AddRecord(connection);
  if (record == nullptr) {
    overflow_.push_back({connection, kind, flags, detail});
    return;
  }
  *record = {static_cast<int32_t>(HeadOf(kind, flags, 0)), 0, 0, static_cast<int32_t>(detail)};
  if (kind == EventKind::kClosed) open_->closes = true;
  // Each listener's has a batch of its own.
  if (connection == nullptr) open_ = nullptr;
}

inline bool Context::StagePayload(ByteView bytes, Payload* payload) {
  size_t offset = 0;
  Staging::Chunk* chunk = staging_.Copy(env_, bytes, &offset);
  if (chunk == nullptr) return false;
  Piece& first = open_->first;
  if (open_->staged == 0 && first.chunk == chunk && Staging::RoundUp(first.last) == offset) {
    first.last = offset + bytes.size;
    payload->offset = offset - first.first;
  } else {
    AddStaged(chunk, offset, bytes.size, payload);
  }
  return true;
}

// For a payload that does not follow those that were staged first.
void Context::AddStaged(Staging::Chunk* chunk, size_t offset, size_t size, Payload* payload) {
  Batch& batch = *open_;
  Piece* piece = batch.staged == 0 ? &batch.first : &batch.more[batch.staged - 1];
  const bool is_free = piece->chunk == nullptr && piece->placed == nullptr;
  const bool follows = piece->chunk == chunk && Staging::RoundUp(piece->last) == offset;
  if (!is_free && !follows) {
    batch.more.emplace_back();
    batch.staged = batch.more.size();
    piece = &batch.more.back();
  }
  if (piece->chunk == nullptr) {
    piece->chunk = chunk;
    piece->first = offset;
  }
  piece->last = offset + size;
  payload->piece = batch.staged;
  payload->offset = offset - piece->first;
}

// Memory with a message's payload and nothing else; null where there is none.
std::shared_ptr<Context::Placed> Context::MakeOwn(const Message& message) {
  auto own = std::make_shared<Placed>();
  if (message.buffer != nullptr) {
    // What Allocate() gave.
    own->memory.reset(static_cast<JavaScriptMemory*>(message.buffer->TakeMemory().release()));
  }
  if (own->memory == nullptr) {
    own->memory = JavaScriptMemory::Create(env_, message.data.size);
    if (own->memory == nullptr) return nullptr;
    if (message.data.size > 0) {
      std::memcpy(own->memory->data(), message.data.data, message.data.size);
    }
  }
  return own;
}

// For a payload that lies where Place() said, or that has memory of its own.
bool Context::PlacePayload(const Message& message, Payload* payload) {
  const size_t size = message.data.size;
  std::shared_ptr<Placed> placed;
  if (IsPlaced(message)) {
    placed = placed_;
    payload->offset = placed->used;
    const size_t room = std::min(Staging::RoundUp(size), placed->size() - placed->used);
    std::memset(placed->data() + placed->used + size, 0, room - size);
    placed->used += room;
    // What is first is the cheapest for lib/.
    Piece& first = open_->first;
    if (first.chunk == nullptr && first.placed == nullptr && open_->more.empty()) {
      first.placed = placed;
    }
    if (first.placed == placed) return true;
  } else {
    placed = MakeOwn(message);
    if (placed == nullptr) return false;
    placed->used = placed->memory->size();
  }
  std::vector<Piece>& more = open_->more;
  if (more.empty() || more.back().placed != placed) {
    more.emplace_back();
    more.back().placed = std::move(placed);
  }
  payload->piece = more.size();
  return true;
}

// As one more piece of the batch, whose place is the record's detail.
bool Context::AddFragmentEnds(const OffsetList& ends, EventRecord* record) {
  auto copy = std::make_unique<OffsetList>();
  if (!copy->CopyFrom(ends)) return false;
  open_->holds_bytes = true;
  open_->more.emplace_back();
  open_->more.back().ends = std::move(copy);
  record->detail = static_cast<int32_t>(open_->more.size());
  return true;
}

inline bool Context::IsPlaced(const Message& message) const {
  return placed_ != nullptr && message.data.data == placed_->data() + placed_->used;
}

bool Context::AddPayload(Connection& connection, EventKind kind, uint32_t flags, uint32_t detail,
                         const Message& message) {
  if (dispatch_ == nullptr) return true;
  EventRecord* record = AddRecord(&connection);
  if (record == nullptr) return false;
  const size_t size = message.data.size;
  record->detail = static_cast<int32_t>(detail);
  Payload payload;
  if (size > 0) {
    waiting_bytes_ += size;
    bool is_there;
    if (size > kMaxPlacedMessage || IsPlaced(message)) {
      is_there = PlacePayload(message, &payload);
    } else {
      is_there = StagePayload(message.data, &payload);
      if (kind != EventKind::kText) open_->holds_bytes = true;
    }
    if (is_there && message.fragment_ends != nullptr) {
      flags |= kFlagFragments;
      is_there = AddFragmentEnds(*message.fragment_ends, record);
    }
    if (!is_there) {
      TakeBack(*record);
      return false;
    }
  }
  record->head = static_cast<int32_t>(HeadOf(kind, flags, payload.piece));
  record->offset = static_cast<int32_t>(payload.offset);
  record->length = static_cast<int32_t>(size);
  if (open_->more.size() >= kMaxPieces) open_ = nullptr;
  return true;
}

// There is no memory for what the connection received: it ends, and says why.
void Context::FailForMemory(Connection& connection) {
  connection.StopReader();
  open_ = nullptr;
  overflow_.push_back(
      {&connection, EventKind::kProtocolError, static_cast<uint32_t>(ErrorCode::kOutOfMemory), 0});
}

// There is no memory for what is due now. Nothing of what the connection received can be left out,
// so all of it is (what comes later in this round when its turn comes: see Begin()), and an error
// is in its place.
void Context::FailDelivery(Batch& batch) {
  ForgetException(env_);
  EventRecord* const first = DropInput(batch);
  const auto is_its = [&batch](const Batch& held) { return held.connection == batch.connection; };
  held_.erase(std::remove_if(held_.begin(), held_.end(), is_its), held_.end());
  // Memory is for input alone: where there is none any more, it was dropped before.
  WSUV_ASSERT(first != nullptr || IsLost(batch.handle) || batch.connection->muted());
  lost_.push_back(batch.handle);
  if (first == nullptr) return;
  batch.connection->StopReader();
  constexpr auto kCode = static_cast<uint32_t>(ErrorCode::kOutOfMemory);
  *first = {static_cast<int32_t>(HeadOf(EventKind::kProtocolError, kCode, 0)), 0, 0, 0};
}

// Takes back what tells of what the peer sent, and returns the first such record. An upgrade that
// lib/ does not hear of is none.
EventRecord* Context::DropInput(Batch& batch) {
  EventRecord* first = nullptr;
  for (size_t i = batch.start; i < batch.end; i++) {
    EventRecord& record = batch.ring->records()[i];
    const bool is_upgrade = KindOf(record) == EventKind::kUpgrade;
    WSUV_ASSERT(batch.connection != nullptr || !is_upgrade);
    if (is_upgrade) batch.connection->Terminate();
    if (!is_upgrade && !IsInput(KindOf(record))) continue;
    if (!is_upgrade && first == nullptr) first = &record;
    TakeBack(record);
  }
  return first;
}

void Context::Forget(const Connection* connection) {
  if (resources_ != nullptr) resources_->Forget(connection->id());
  if (overflow_.empty()) return;
  const auto is_its = [connection](const Overflow& late) { return late.connection == connection; };
  overflow_.erase(std::remove_if(overflow_.begin(), overflow_.end(), is_its), overflow_.end());
}

uint8_t* Context::Place(Connection& connection, size_t size) {
  if (dispatch_ == nullptr || connection.muted()) return nullptr;
  Loop& loop = connection.loop();
  const bool has_room = placed_ != nullptr && placed_->read == loop.reads() &&
                        placed_->memory->size() - placed_->used >= size;
  if (!has_room) {
    // As large as what there is to come of this read may need.
    const size_t rest = std::min(loop.read_left(), Staging::kChunkSize);
    if (rest <= kStagedRead && size <= kStagedRead) return nullptr;
    placed_ = std::make_shared<Placed>();
    placed_->memory = JavaScriptMemory::Create(env_, std::max(Staging::RoundUp(size), rest));
    placed_->read = loop.reads();
    if (placed_->memory == nullptr) {
      placed_.reset();
      return nullptr;
    }
    loop.UseReadLeft(placed_->memory->size());
  }
  return placed_->memory->data() + placed_->used;
}

// The frames of a message that come in one read are one piece. The memory for it grows with what
// has come, so that no peer can make much of it necessary.
uint8_t* Context::PlacePiece(Connection& connection, size_t size, bool is_last_frame) {
  if (dispatch_ == nullptr || connection.muted()) return nullptr;
  Loop& loop = connection.loop();
  const bool follows = piece_ != nullptr && LastPiece(connection) != nullptr;
  if (!follows || piece_->size() - piece_->used < size) {
    size_t capacity = size;
    if (!is_last_frame) {
      const size_t last = follows ? piece_->size() : 0;
      const size_t grown = std::min(kPieceGrowth * std::max(size, last), kMaxPiece);
      capacity = std::max(size, std::min(loop.read_left(), grown));
    }
    piece_ = MakeForPieces(connection, capacity);
    if (piece_ == nullptr) return nullptr;
  }
  loop.UseReadLeft(size);
  return piece_->data() + piece_->used;
}

// Memory of that size at least; null where there is none.
std::shared_ptr<Context::Placed> Context::MakeForPieces(const Connection& connection, size_t size) {
  auto placed = std::make_shared<Placed>();
  const bool is_lent = size <= LentMemory::kSize && environment_->LendsPieces(connection.id());
  if (is_lent) placed->lent = lent_.Lend(env_);
  if (placed->lent != nullptr) return placed;
  placed->memory = JavaScriptMemory::Create(env_, size);
  return placed->memory == nullptr ? nullptr : placed;
}

std::unique_ptr<MessageMemory> Context::Allocate(Connection&, size_t size) {
  if (dispatch_ == nullptr) return nullptr;
  return JavaScriptMemory::Create(env_, size);
}

void Context::OnRaw(Connection& connection, ByteView bytes) {
  if (connection.muted()) return;
  Message message;
  message.data = bytes;
  if (!AddPayload(connection, EventKind::kRaw, 0, 0, message)) FailForMemory(connection);
}

Flow Context::OnMessage(Connection& connection, const Message& message) {
  if (connection.muted()) return Flow::kStop;
  const EventKind kind = message.binary ? EventKind::kBinary : EventKind::kText;
  if (!AddPayload(connection, kind, message.ascii ? kFlagAscii : 0, 0, message)) {
    FailForMemory(connection);
    return Flow::kStop;
  }
  return connection.loop().budget().Spend(message.data.size);
}

// A piece has memory of its own: its handler may transfer it, and the next one is needed all the
// same.
Flow Context::OnPiece(Connection& connection, const MessagePiece& piece) {
  if (connection.muted()) return Flow::kStop;
  const size_t size = piece.data.size;
  const bool is_end = piece.last && !piece.first && size == 0;
  if (is_end && EndLastPiece(connection)) return Flow::kContinue;
  const bool is_placed =
      size > 0 && piece_ != nullptr && piece.data.data == piece_->data() + piece_->used;
  if (is_placed && piece_->used > 0) {
    WSUV_ASSERT(LastPiece(connection) != nullptr);
    LastPiece(connection)->length += static_cast<int32_t>(size);
    piece_->used += size;
    waiting_bytes_ += size;
    return connection.loop().budget().SpendBytes(size);
  }
  const uint32_t flags = (piece.first ? kFlagFirst : 0) | (piece.last ? kFlagLast : 0) |
                         (piece.binary ? kFlagBinary : 0) |
                         (is_placed && piece_->lent != nullptr ? kFlagLent : 0);
  Message message = piece;
  bool is_there = true;
  if (is_placed) {
    placed_ = piece_;
  } else {
    piece_.reset();
    is_there = size == 0 || PlaceAlone(&message);
  }
  is_there = is_there && AddPayload(connection, EventKind::kPiece, flags, 0, message);
  placed_.reset();
  if (!is_there) {
    piece_.reset();
    FailForMemory(connection);
    return Flow::kStop;
  }
  if (is_placed) piece_->used = size;
  return connection.loop().budget().Spend(size);
}

// Puts the payload where nothing else will be. False where there is no memory.
bool Context::PlaceAlone(Message* message) {
  if (dispatch_ == nullptr) return true;
  std::shared_ptr<Placed> placed = MakeOwn(*message);
  if (placed == nullptr) return false;
  message->data.data = placed->memory->data();
  message->buffer = nullptr;
  placed_ = std::move(placed);
  return true;
}

// The piece that was reported last, if nothing has come behind it.
EventRecord* Context::LastPiece(const Connection& connection) {
  if (open_ == nullptr || open_->connection != &connection) return nullptr;
  EventRecord& record = open_->ring->records()[open_->end - 1];
  return KindOf(record) == EventKind::kPiece ? &record : nullptr;
}

// The message ends with that piece.
bool Context::EndLastPiece(const Connection& connection) {
  EventRecord* const record = LastPiece(connection);
  if (record == nullptr) return false;
  record->head |= static_cast<int32_t>(kFlagLast << 8);
  piece_.reset();
  return true;
}

Flow Context::OnControl(Connection& connection, EventKind kind, ByteView payload) {
  if (connection.muted()) return Flow::kStop;
  Message message;
  message.data = payload;
  if (!AddPayload(connection, kind, 0, 0, message)) {
    FailForMemory(connection);
    return Flow::kStop;
  }
  return connection.loop().budget().Spend(payload.size);
}

Flow Context::OnPing(Connection& connection, ByteView payload) {
  return OnControl(connection, EventKind::kPing, payload);
}

Flow Context::OnPong(Connection& connection, ByteView payload) {
  return OnControl(connection, EventKind::kPong, payload);
}

void Context::OnPeerClose(Connection& connection, uint16_t code, ByteView reason) {
  if (connection.muted()) return;
  Message message;
  message.data = reason;
  if (!AddPayload(connection, EventKind::kPeerClose, 0, code, message)) FailForMemory(connection);
}

void Context::OnProtocolError(Connection& connection, ErrorCode code, uint32_t detail,
                              std::string_view sentence) {
  if (connection.muted()) return;
  Message message;
  message.data = ByteView(sentence);
  if (!AddPayload(connection, EventKind::kProtocolError, static_cast<uint32_t>(code), detail,
                  message)) {
    FailForMemory(connection);
  }
}

void Context::OnPeerEnd(Connection& connection) {
  if (!connection.muted()) AddEvent(&connection, EventKind::kPeerEnd, 0, 0);
}

void Context::OnWritten(Connection& connection) {
  AddEvent(&connection, EventKind::kWritten, 0, 0);
}

void Context::OnCompressed(Connection& connection) {
  AddEvent(&connection, EventKind::kCompressed, 0, 0);
}

void Context::OnOutput(Connection& connection) { AddEvent(&connection, EventKind::kOutput, 0, 0); }

void Context::OnUpgrade(Connection& connection, UpgradeStatus status, std::string_view bytes,
                        const RequestHead* head) {
  if (dispatch_ == nullptr) return;
  if (connection.id() == 0 && !environment_->AssignHandle(connection)) {
    connection.Terminate();
    return;
  }
  // JavaScript gets the head and, right behind it, the value of Sec-WebSocket-Accept.
  std::string text;
  if (head != nullptr) text = bytes;
  WSUV_ASSERT(head != nullptr || status != UpgradeStatus::kValid);
  if (status == UpgradeStatus::kValid) text += AcceptValue(head->Find("sec-websocket-key"));
  Message message;
  message.data = ByteView(text);
  if (!AddPayload(connection, EventKind::kUpgrade, static_cast<uint32_t>(status),
                  connection.listener()->id(), message)) {
    connection.Terminate();
  }
}

void Context::OnFailed(Connection& connection, int status) {
  AddEvent(&connection, EventKind::kFailed, 0, DetailOf(connection, status));
}

void Context::OnClosed(Connection& connection, int status) {
  if (connection.id() == 0) {
    // JavaScript has never heard of it.
    connection.Release();
    return;
  }
  AddEvent(&connection, EventKind::kClosed, 0, DetailOf(connection, status));
}

void Context::OnListenerClosed(Listener& listener) {
  environment_->ForgetListener(listener.id());
  AddEvent(nullptr, EventKind::kListenerClosed, 0, listener.id());
  if (dispatch_ == nullptr) Unretain();
}

// Delivering.

bool Context::IsFull() const { return waiting_bytes_ > kMaxWaitingBytes; }

bool Context::Trim() {
  if (HasEvents()) return true;
  const bool has_staging = staging_.Trim();
  return lent_.Trim() || has_staging;
}

void Context::DeliverAll() {
  // The handlers' last connection may go with them; this may not.
  Retain();
  delivering_++;
  Loop* loop = environment_->loop();
  if (loop != nullptr) {
    loop->BeginDelivery();
    loop->ArmTrim();
  }
  HandleScope scope(env_);
  made_much_ = false;
  // Callbacks may report further events, which are delivered in the same go.
  size_t plain = 0;
  size_t streams = 0;
  while (plain < batches_.size() || streams < stream_batches_.size()) {
    if (plain < batches_.size()) {
      DeliverAt(batches_, plain++, false);
    } else {
      DeliverAt(stream_batches_, streams++, false);
    }
    if (made_much_ || (plain + streams) % kBatchesInScope == 0) {
      scope.Renew();
      made_much_ = false;
    }
    if (loop != nullptr) loop->FlushIfLate();
  }
  delivering_--;
  FinishDelivery();
  Unretain();
}

void Context::DeliverOf(const Connection* connection) {
  std::vector<Batch>& batches = BatchesOf(connection);
  if (batches.empty() || IsUnderWay(connection->id())) return;
  const HandleScope scope(env_);
  Retain();
  delivering_++;
  for (size_t i = 0; i < batches.size(); i++) {
    if (batches[i].connection == connection) DeliverAt(batches, i, true);
  }
  delivering_--;
  FinishDelivery();
  Unretain();
}

// Whether records of a connection are being worked off. (They are not any more in the ticks and
// promise reactions that follow the last one, though the call has not returned.)
bool Context::IsUnderWay(uint32_t handle) {
  if (under_way_.empty()) return false;
  const auto last = under_way_.end() - 1;
  if (std::find(under_way_.begin(), last, handle) != last) return true;
  return *last == handle && cursor(CursorWord::kNext) != kCursorDone;
}

// Leaves an empty batch in its place.
void Context::DeliverAt(std::vector<Batch>& batches, size_t index, bool in_javascript) {
  // What its handlers cause comes behind it.
  if (open_ == &batches[index]) open_ = nullptr;
  Batch batch = std::move(batches[index]);
  batches[index].connection = nullptr;
  batches[index].ring = nullptr;
  placed_.reset();
  piece_.reset();
  if (batch.connection != nullptr && !Begin(batch, in_javascript)) return;
  if (batch.ring != nullptr) Deliver(batch, in_javascript);
}

// Whether the peer's end is the first of what a connection has received.
bool Context::BeginsWithEnd(const Batch& batch) {
  if (batch.ring == nullptr) return false;
  for (size_t i = batch.start; i < batch.end; i++) {
    const EventKind kind = KindOf(batch.ring->records()[i]);
    if (IsInput(kind)) return kind == EventKind::kPeerEnd;
  }
  return false;
}

// What another connection's handler has done to this one counts before its batch begins. Returns
// whether there is something to deliver.
bool Context::Begin(Batch& batch, bool in_javascript) {
  Connection* const connection = batch.connection;
  // Nothing of what it received follows on what there was no memory for.
  if (!lost_.empty() && batch.ring != nullptr && IsLost(batch.handle)) DropInput(batch);
  const auto is_its = [connection](const Batch& held) { return held.connection == connection; };
  const bool has_held = !held_.empty() && std::any_of(held_.begin(), held_.end(), is_its);
  if (connection->muted()) {
    if (has_held) held_.erase(std::remove_if(held_.begin(), held_.end(), is_its), held_.end());
    if (batch.ring == nullptr) return false;
    for (size_t i = batch.start; i < batch.end; i++) {
      EventRecord& record = batch.ring->records()[i];
      if (IsInput(KindOf(record))) TakeBack(record);
    }
    return true;
  }
  // The peer's end is heard all the same, unless something that it had sent waits in front of it.
  const bool waits = connection->paused() && !batch.closes && (has_held || !BeginsWithEnd(batch));
  if (waits) return batch.ring != nullptr && Hold(batch);
  if (!has_held) return true;
  // Behind what waits; whose handlers may have paused or terminated the connection anew.
  return DeliverHeld(batch, in_javascript) && Begin(batch, in_javascript);
}

// The connection was paused: what it received waits, and the rest does not. Returns whether there
// is such a rest.
bool Context::Hold(Batch& batch) {
  size_t inputs = 0;
  for (size_t i = batch.start; i < batch.end; i++) {
    if (IsInput(KindOf(batch.ring->records()[i]))) inputs++;
  }
  const size_t count = batch.end - batch.start;
  if (inputs == 0) return true;
  Batch held;
  held.own_ring = EventRing::Create(env_, count);
  bool is_held = held.own_ring != nullptr;
  // What is left has no payloads.
  held.first = std::exchange(batch.first, Piece());
  held.more = std::exchange(batch.more, {});
  is_held = is_held && Keep(held.first);
  for (Piece& piece : held.more) is_held = is_held && Keep(piece);
  for (size_t i = 0; i < count && is_held; i++) {
    EventRecord& record = batch.ring->records()[batch.start + i];
    EventRecord kept = record;
    TakeBack(IsInput(KindOf(record)) ? record : kept);
    held.own_ring->records()[i] = kept;
  }
  if (is_held) {
    held.connection = batch.connection;
    held.handle = batch.handle;
    held.holds_bytes = true;
    held.ring = held.own_ring.get();
    held.end = count;
    held_.push_back(std::move(held));
    return inputs < count;
  }
  FailDelivery(batch);
  return true;
}

// Gives a piece memory that outlives the round.
bool Context::Keep(Piece& piece) {
  if (piece.chunk == nullptr) return true;
  auto placed = std::make_shared<Placed>();
  const size_t size = piece.last - piece.first;
  placed->memory = JavaScriptMemory::Create(env_, size);
  if (placed->memory == nullptr) return false;
  std::memcpy(placed->memory->data(), piece.chunk->memory->data() + piece.first, size);
  placed->used = size;
  piece.placed = std::move(placed);
  piece.chunk = nullptr;
  return true;
}

// Delivers what waits of the batch's connection, all of it where that ends. Returns whether the
// connection is still there.
bool Context::DeliverHeld(const Batch& next, bool in_javascript) {
  const Connection* const connection = next.connection;
  for (size_t i = 0; i < held_.size();) {
    if (held_[i].connection != connection) {
      i++;
      continue;
    }
    Batch batch = std::move(held_[i]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
    Deliver(batch, in_javascript);
    // A handler may have changed the list, and may have paused, terminated or ended the connection.
    if (environment_->Find(next.handle) != connection) return false;
    if (connection->muted() || (connection->paused() && !next.closes)) return true;
    i = 0;
  }
  return true;
}

void Context::Resumed(Connection* connection) {
  if (held_.empty() || dispatch_ == nullptr) return;
  // The record of its end is the last one, which brings what waits along; behind it the connection
  // is lib/'s to give back.
  if (connection->stage() == Connection::Stage::kClosed) return;
  // A batch without records, in whose place what waits is delivered.
  open_ = nullptr;
  std::vector<Batch>& batches = BatchesOf(connection);
  batches.emplace_back();
  batches.back().connection = connection;
  batches.back().handle = connection->id();
}

void Context::FinishDelivery() {
  if (delivering_ > 0) return;
  const auto is_left = [](const Batch& batch) {
    return batch.connection != nullptr || batch.ring != nullptr;
  };
  if (std::any_of(batches_.begin(), batches_.end(), is_left) ||
      std::any_of(stream_batches_.begin(), stream_batches_.end(), is_left)) {
    return;
  }
  batches_.clear();
  stream_batches_.clear();
  lost_.clear();
  open_ = nullptr;
  waiting_bytes_ = 0;
  if (dispatch_ == nullptr) return;
  rings_.Reset();
  staging_.Reset();
  if (!overflow_.empty()) ReportOverflow();
}

void Context::ReportOverflow() {
  const std::vector<Overflow> late = std::move(overflow_);
  overflow_.clear();
  for (const Overflow& event : late) {
    AddEvent(event.connection, event.kind, event.flags, event.detail);
  }
}

// The ArrayBuffer that a user gets; null where there is none.
napi_value Context::MemoryOf(const Piece& piece) {
  napi_value value = nullptr;
  void* data = nullptr;
  if (piece.placed != nullptr) {
    Placed& placed = *piece.placed;
    if (placed.lent != nullptr) {
      const napi_value view = placed.lent->View(napi_uint8_array);
      if (view == nullptr) return nullptr;
      napi_get_typedarray_info(env_, view, nullptr, nullptr, nullptr, &value, nullptr);
      return value;
    }
    const size_t size = placed.memory->size();
    if (size - placed.used > std::max(placed.used, kMuchMemory)) {
      // Whoever keeps it would keep more of what is not used than of what is.
      value = CreateArrayBuffer(env_, placed.used, &data);
      if (value != nullptr) std::memcpy(data, placed.memory->data(), placed.used);
      return value;
    }
    // Whoever gets it sees all of it.
    std::memset(placed.memory->data() + placed.used, 0, size - placed.used);
    placed.used = size;
    value = placed.memory->array_buffer();
  } else if (piece.ends != nullptr) {
    value = CreateArrayBuffer(env_, piece.ends->size() * sizeof(double), &data);
    if (value == nullptr) return nullptr;
    std::copy(piece.ends->begin(), piece.ends->end(), static_cast<double*>(data));
  } else {
    const size_t size = piece.last - piece.first;
    value = CreateArrayBuffer(env_, size, &data);
    if (value == nullptr) return nullptr;
    std::memcpy(data, piece.chunk->memory->data() + piece.first, size);
  }
  return value;
}

// Fills in the arguments of `dispatch`, and where in the second one the payloads begin. False where
// there is no memory.
bool Context::PrepareArguments(const Batch& batch, std::vector<napi_value>& more, napi_value* fixed,
                               size_t* base) {
  napi_get_undefined(env_, &fixed[0]);
  fixed[1] = fixed[2] = fixed[0];
  *base = 0;
  if (batch.ring != &rings_.first()) fixed[0] = batch.ring->memory->View(napi_int32_array);
  const Piece& piece = batch.first;
  const size_t size = piece.last - piece.first;
  if (piece.chunk != nullptr && size <= kFewBytes && batch.end - batch.start == 1) {
    // lib/ copies it before anything else can use that memory.
    std::memcpy(few_->data(), piece.chunk->memory->data() + piece.first, size);
  } else if (piece.chunk != nullptr && !batch.holds_bytes &&
             environment_->WantsText(batch.handle)) {
    fixed[2] = piece.chunk->memory->View(napi_uint8_array);
    *base = piece.first;
  } else {
    if (piece.chunk != nullptr || piece.placed != nullptr) fixed[1] = MemoryOf(piece);
    made_much_ = made_much_ || size > kMuchMemory || piece.placed != nullptr;
  }
  bool is_there = fixed[0] != nullptr && fixed[1] != nullptr && fixed[2] != nullptr;
  for (const Piece& next : batch.more) {
    more.push_back(MemoryOf(next));
    is_there = is_there && more.back() != nullptr;
    made_much_ = true;
  }
  return is_there;
}

// What AsyncLocalStorage keeps the store of a connection's handlers on, on Node.js 20 and 22, and
// what executionAsyncResource() gives: its endpoint, so that each connection has one of its own,
// and for nothing. What has no endpoint yet gets one that nobody else ever sees.
napi_value Context::ResourceOf(const Batch& batch) {
  if (batch.connection != nullptr) return resources_->Of(batch.handle);
  napi_value nobody = nullptr;
  napi_create_object(env_, &nobody);
  return nobody;
}

Context::Told Context::Remember() {
  Told told;
  std::memcpy(told.cursor, cursor_->data(), sizeof(told.cursor));
  std::memcpy(told.few, few_->data(), sizeof(told.few));
  return told;
}

void Context::Restore(const Told& told) {
  // What is to be done with a stream is told by what came last.
  const int32_t stream = cursor(CursorWord::kStream);
  std::memcpy(cursor_->data(), told.cursor, sizeof(told.cursor));
  std::memcpy(few_->data(), told.few, sizeof(told.few));
  cursor(CursorWord::kStream) = stream;
}

void Context::Deliver(Batch& batch, bool in_javascript) {
  // Held, since the connection may be gone before the callback returns.
  const std::shared_ptr<AsyncScope> own_scope =
      batch.connection == nullptr ? nullptr : environment_->ScopeOf(batch.handle);
  const napi_async_context async = own_scope != nullptr ? own_scope->context() : nullptr;
  const bool closes_listener = batch.connection == nullptr;
  if (batch.closes) environment_->AllowRelease(batch.handle);
  // A delivery may be nested in another one's handler, or come before it.
  std::optional<Told> outer;
  if (!under_way_.empty()) outer = Remember();
  under_way_.push_back(batch.handle);
  napi_value fixed[kFixedArguments];
  std::vector<napi_value> more;
  size_t base = 0;
  if (!PrepareArguments(batch, more, fixed, &base)) {
    // What is missing is not looked at: FailDelivery() takes the records back that refer to it.
    napi_value nothing = nullptr;
    napi_get_undefined(env_, &nothing);
    std::replace(fixed, fixed + kFixedArguments, napi_value{nullptr}, nothing);
    std::replace(more.begin(), more.end(), napi_value{nullptr}, nothing);
    if (batch.connection != nullptr) FailDelivery(batch);
  }
  const bool has_more = !more.empty();
  const napi_value* args = fixed;
  if (has_more) {
    more.insert(more.begin(), fixed, fixed + kFixedArguments);
    args = more.data();
  }
  const size_t count = has_more ? more.size() : kFixedArguments;
  // `this` means nothing to the function; without a context of its own, Node takes it for the
  // asynchronous resource.
  const napi_value receiver = in_javascript ? fixed[1] : ResourceOf(batch);
  size_t next = batch.start;
  while (next < batch.end && dispatch_ != nullptr) {
    napi_value function = nullptr;
    napi_get_reference_value(env_, has_more ? dispatch_more_ : dispatch_, &function);
    if (function == nullptr) break;
    cursor(CursorWord::kNext) = static_cast<int32_t>(next * kRecordWords);
    cursor(CursorWord::kHandle) = static_cast<int32_t>(batch.handle);
    cursor(CursorWord::kEnd) = static_cast<int32_t>(batch.end * kRecordWords);
    cursor(CursorWord::kBase) = static_cast<int32_t>(base);
    napi_value result;
    const napi_status status =
        in_javascript ? napi_call_function(env_, receiver, function, count, args, &result)
                      : napi_make_callback(env_, async, receiver, function, count, args, &result);
    if (status == napi_ok || dispatch_ == nullptr) break;
    napi_value error = nullptr;
    if (status != napi_pending_exception ||
        napi_get_and_clear_last_exception(env_, &error) != napi_ok || error == nullptr) {
      break;  // The environment is ending.
    }
    // A handler threw: that goes to 'uncaughtException', and the next record to its handlers.
    const auto reached = static_cast<size_t>(cursor(CursorWord::kNext)) / kRecordWords;
    napi_fatal_exception(env_, error);
    if (reached <= next) break;
    next = reached;
  }
  under_way_.pop_back();
  if (outer.has_value() && dispatch_ != nullptr) Restore(*outer);
  if (closes_listener) Unretain();
}

}  // namespace wsuv
