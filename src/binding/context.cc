#include "binding/context.h"

#include <cstring>
#include <utility>

#include "binding/environment.h"
#include "protocol/upgrade.h"

namespace wsuv {
namespace {

// Events are delivered before the end of polling once this much payload waits.
constexpr size_t kMaxWaitingBytes = 1024 * 1024;

}  // namespace

Context::Context(Environment* environment, napi_value dispatch, napi_value cursor)
    : environment_(environment), env_(environment->env()) {
  // Weak until there is something to deliver to.
  napi_create_reference(env_, dispatch, 0, &dispatch_);
  napi_create_reference(env_, cursor, 0, &cursor_);
  void* data = nullptr;
  napi_get_typedarray_info(env_, cursor, nullptr, nullptr, &data, nullptr, nullptr);
  cursor_word_ = static_cast<int32_t*>(data);
  scope_ = std::make_shared<AsyncScope>(env_);
}

Context::~Context() { Detach(); }

void Context::Detach() {
  if (dispatch_ == nullptr) return;
  batches_.clear();
  slabs_.Clear();
  rings_.Clear(env_);
  napi_delete_reference(env_, dispatch_);
  napi_delete_reference(env_, cursor_);
  scope_.reset();
  dispatch_ = nullptr;
}

void Context::Retain() {
  if (retained_++ > 0) return;
  napi_reference_ref(env_, dispatch_, nullptr);
  napi_reference_ref(env_, cursor_, nullptr);
}

void Context::Unretain() {
  if (--retained_ > 0 || dispatch_ == nullptr) return;
  napi_reference_unref(env_, dispatch_, nullptr);
  napi_reference_unref(env_, cursor_, nullptr);
}

Context::Batch* Context::AddRecord(Connection* connection, EventKind kind, uint32_t flags,
                                   int32_t offset, size_t length, uint32_t detail) {
  if (dispatch_ == nullptr) return nullptr;
  EventRing* ring = nullptr;
  EventRecord* record = rings_.Add(env_, &ring);
  if (record == nullptr) return nullptr;
  record->kind_and_flags = static_cast<int32_t>(static_cast<uint32_t>(kind) | flags << 8);
  record->offset = offset;
  record->length = static_cast<int32_t>(length);
  record->detail = static_cast<int32_t>(detail);

  const size_t at = ring->used - 1;
  Batch* batch = batches_.empty() ? nullptr : &batches_.back();
  if (std::exchange(sealed_, false) || batch == nullptr || batch->connection != connection ||
      connection == nullptr || batch->ring != ring || batch->end != at ||
      (batch->slab != slabs_.current() && length > 0 && (flags & kFlagLarge) == 0)) {
    batches_.emplace_back();
    batch = &batches_.back();
    batch->connection = connection;
    if (connection != nullptr) batch->handle = connection->id();
    batch->ring = ring;
    batch->start = at;
    batch->slab = slabs_.current();
  }
  batch->end = at + 1;
  return batch;
}

void Context::Add(Connection* connection, EventKind kind, uint32_t flags, ByteView payload,
                  uint32_t detail) {
  if (dispatch_ == nullptr) return;
  int32_t offset = 0;
  if (payload.size > 0) {
    offset = slabs_.Copy(env_, payload);
    if (offset < 0) return;
  }
  AddRecord(connection, kind, flags, offset, payload.size, detail);
}

bool Context::AddLarge(Connection* connection, EventKind kind, uint32_t flags,
                       const Message& message) {
  LargeMessage large;
  if (message.buffer != nullptr) {
    // What Allocate() gave.
    large.memory.reset(static_cast<JavaScriptMemory*>(message.buffer->TakeMemory().release()));
  }
  if (large.memory == nullptr) {
    large.memory = JavaScriptMemory::Create(env_, message.data.size);
    if (large.memory == nullptr) return false;
    if (message.data.size > 0) {
      std::memcpy(large.memory->data(), message.data.data, message.data.size);
    }
  }
  if (message.fragment_ends != nullptr) large.fragment_ends = *message.fragment_ends;
  Batch* batch = AddRecord(connection, kind, flags | kFlagLarge, 0, 0, 0);
  if (batch == nullptr) return false;
  batch->ring->records[batch->end - 1].offset = static_cast<int32_t>(batch->large.size());
  batch->large.push_back(std::move(large));
  return true;
}

void Context::OnRaw(Connection& connection, ByteView bytes) {
  Message message;
  message.data = bytes;
  AddPayload(connection, EventKind::kRaw, 0, message);
}

uint8_t* Context::Place(size_t size) {
  return dispatch_ == nullptr ? nullptr : slabs_.Place(env_, size);
}

std::unique_ptr<MessageMemory> Context::Allocate(size_t size) {
  if (dispatch_ == nullptr) return nullptr;
  return JavaScriptMemory::Create(env_, size);
}

Flow Context::OnMessage(Connection& connection, const Message& message) {
  AddPayload(connection, message.binary ? EventKind::kBinary : EventKind::kText,
             message.ascii ? kFlagAscii : 0, message);
  return Flow::kContinue;
}

void Context::AddPayload(Connection& connection, EventKind kind, uint32_t flags,
                         const Message& message) {
  const size_t size = message.data.size;
  if (size > SlabAllocator::kMaxPayload || message.fragment_ends != nullptr) {
    if (!AddLarge(&connection, kind, flags, message)) {
      connection.reader().Stop();
      OnProtocolError(connection, ErrorCode::kUnsupportedMessageLength, 0, {});
    }
  } else {
    Add(&connection, kind, flags, message.data, 0);
  }
  waiting_bytes_ += size;
}

Flow Context::OnPing(Connection& connection, ByteView payload) {
  Add(&connection, EventKind::kPing, 0, payload, 0);
  return Flow::kContinue;
}

Flow Context::OnPong(Connection& connection, ByteView payload) {
  Add(&connection, EventKind::kPong, 0, payload, 0);
  return Flow::kContinue;
}

void Context::OnPeerClose(Connection& connection, uint16_t code, ByteView reason) {
  Add(&connection, EventKind::kPeerClose, 0, reason, code);
}

void Context::OnProtocolError(Connection& connection, ErrorCode code, uint32_t detail,
                              std::string_view sentence) {
  Add(&connection, EventKind::kProtocolError, static_cast<uint32_t>(code), ByteView(sentence),
      detail);
}

void Context::OnPeerEnd(Connection& connection) { Add(&connection, EventKind::kPeerEnd, 0, {}, 0); }

void Context::OnWritten(Connection& connection) { Add(&connection, EventKind::kWritten, 0, {}, 0); }

void Context::OnCompressed(Connection& connection) {
  Add(&connection, EventKind::kCompressed, 0, {}, 0);
}

void Context::OnOutput(Connection& connection) { Add(&connection, EventKind::kOutput, 0, {}, 0); }

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
  if (status == UpgradeStatus::kValid) text += AcceptValue(head->Find("sec-websocket-key"));
  Message message;
  message.data = ByteView(text);
  if (text.size() > SlabAllocator::kMaxPayload) {
    if (!AddLarge(&connection, EventKind::kUpgrade, static_cast<uint32_t>(status) << 4, message)) {
      connection.Terminate();
      return;
    }
    Batch& batch = batches_.back();
    batch.ring->records[batch.end - 1].detail = static_cast<int32_t>(connection.listener()->id());
    return;
  }
  Add(&connection, EventKind::kUpgrade, static_cast<uint32_t>(status) << 4, message.data,
      connection.listener()->id());
}

void Context::OnClosed(Connection& connection) {
  if (connection.id() == 0) {
    // JavaScript has never heard of it.
    connection.Release();
    return;
  }
  Batch* batch = AddRecord(&connection, EventKind::kClosed, 0, 0, 0, 0);
  if (batch != nullptr) {
    batch->closes = true;
  } else {
    environment_->ReleaseHandle(connection.id());
  }
}

void Context::OnListenerClosed(Listener& listener) {
  environment_->ForgetListener(listener.id());
  AddRecord(nullptr, EventKind::kListenerClosed, 0, 0, 0, listener.id());
  if (dispatch_ == nullptr) Unretain();
}

void Context::DeliverAll() {
  delivering_++;
  // Callbacks may report further events, which are delivered in the same go.
  for (size_t i = 0; i < batches_.size(); i++) DeliverAt(i, false);
  delivering_--;
  FinishDelivery();
}

// Leaves an empty batch in its place.
void Context::DeliverAt(size_t index, bool in_javascript) {
  Batch batch = std::move(batches_[index]);
  batches_[index].connection = nullptr;
  batches_[index].ring = nullptr;
  Deliver(batch, in_javascript);
}

bool Context::IsFull() const { return waiting_bytes_ > kMaxWaitingBytes; }

size_t Context::Mark() {
  sealed_ = true;
  return batches_.size();
}

void Context::DeliverPending(const Connection* connection) {
  if (batches_.empty()) return;
  delivering_++;
  for (size_t i = 0; i < batches_.size(); i++) {
    if (batches_[i].connection == connection && batches_[i].ring != nullptr) DeliverAt(i, true);
  }
  delivering_--;
  FinishDelivery();
}

void Context::DeliverFrom(size_t mark) {
  delivering_++;
  while (batches_.size() > mark) {
    // In order, but leaving what an outer delivery has still to do where it is.
    Batch batch = std::move(batches_[mark]);
    batches_.erase(batches_.begin() + static_cast<std::ptrdiff_t>(mark));
    Deliver(batch, true);
  }
  delivering_--;
  FinishDelivery();
}

void Context::FinishDelivery() {
  if (delivering_ > 0) return;
  for (const Batch& batch : batches_) {
    if (batch.ring != nullptr) return;
  }
  batches_.clear();
  if (dispatch_ != nullptr) rings_.Reset(env_);
  waiting_bytes_ = 0;
}

napi_value Context::LargeMessages(Batch& batch) {
  napi_value list;
  napi_get_undefined(env_, &list);
  if (batch.large.empty()) return list;
  napi_create_array_with_length(env_, batch.large.size() * 2, &list);
  for (size_t i = 0; i < batch.large.size(); i++) {
    LargeMessage& large = batch.large[i];
    napi_set_element(env_, list, static_cast<uint32_t>(2 * i), large.memory->buffer());
    large.memory.reset();
    if (large.fragment_ends.empty()) continue;
    napi_value ends;
    napi_create_array_with_length(env_, large.fragment_ends.size(), &ends);
    for (size_t j = 0; j < large.fragment_ends.size(); j++) {
      napi_value end;
      napi_create_double(env_, static_cast<double>(large.fragment_ends[j]), &end);
      napi_set_element(env_, ends, static_cast<uint32_t>(j), end);
    }
    napi_set_element(env_, list, static_cast<uint32_t>(2 * i + 1), ends);
  }
  return list;
}

void Context::Deliver(Batch& batch, bool in_javascript) {
  if (batch.ring == nullptr) return;
  const bool closes_listener =
      batch.connection == nullptr && dispatch_ != nullptr && batch.end > batch.start;
  // Held, since the connection may be gone before the callback returns.
  const std::shared_ptr<AsyncScope> own_scope =
      batch.connection == nullptr ? nullptr : environment_->ScopeOf(batch.handle);
  const napi_async_context async = own_scope != nullptr ? own_scope->context() : scope_->context();
  size_t next = batch.start;
  napi_value large = nullptr;
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  while (next < batch.end && dispatch_ != nullptr) {
    napi_value function = nullptr;
    napi_get_reference_value(env_, dispatch_, &function);
    if (function == nullptr) break;
    if (large == nullptr) large = LargeMessages(batch);
    napi_value args[6];
    napi_create_uint32(env_, batch.handle, &args[0]);
    napi_get_reference_value(env_, batch.ring->array, &args[1]);
    napi_create_uint32(env_, static_cast<uint32_t>(next * 4), &args[2]);
    napi_create_uint32(env_, static_cast<uint32_t>(batch.end * 4), &args[3]);
    if (batch.slab != nullptr) {
      args[4] = batch.slab->memory->buffer();
    } else {
      napi_get_undefined(env_, &args[4]);
    }
    args[5] = large;
    // `this` means nothing to it, but there has to be one.
    const napi_value receiver = function;
    napi_value result;
    *cursor_word_ = static_cast<int32_t>(next * 4);
    const napi_status status =
        in_javascript ? napi_call_function(env_, receiver, function, 6, args, &result)
                      : napi_make_callback(env_, async, receiver, function, 6, args, &result);
    slabs_.Invalidate();
    if (status == napi_ok) break;
    napi_value error = nullptr;
    if (status != napi_pending_exception ||
        napi_get_and_clear_last_exception(env_, &error) != napi_ok || error == nullptr) {
      break;  // The environment is ending.
    }
    // A handler threw: that goes to 'uncaughtException', and the next record to its handlers.
    const auto reached = static_cast<size_t>(*cursor_word_) / 4;
    napi_fatal_exception(env_, error);
    if (reached <= next) break;
    next = reached;
  }
  napi_close_handle_scope(env_, scope);
  if (batch.closes) environment_->ReleaseHandle(batch.handle);
  if (closes_listener) Unretain();
}

}  // namespace wsuv
