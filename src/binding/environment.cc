#include "binding/environment.h"

#include <algorithm>
#include <utility>

namespace wsuv {

Environment* Environment::Create(napi_env env) {
  auto* environment = new Environment(env);
  environment->self_.reset(environment);
  // Slot 0 stays unused, so that no handle is 0.
  environment->slots_.resize(1);
  napi_value global = nullptr;
  napi_value array_buffer = nullptr;
  napi_get_global(env, &global);
  napi_get_named_property(env, global, "ArrayBuffer", &array_buffer);
  napi_create_reference(env, array_buffer, 1, &environment->array_buffer_class_);
  napi_set_instance_data(env, environment, nullptr, nullptr);
  napi_add_async_cleanup_hook(env, OnCleanup, environment, nullptr);
  return environment;
}

Environment* Environment::From(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment*>(data);
}

napi_value Environment::ArrayBufferClass() const {
  napi_value value = nullptr;
  napi_get_reference_value(env_, array_buffer_class_, &value);
  return value;
}

Loop* Environment::loop() {
  if (ending_) return nullptr;
  if (!started_) {
    uv_loop_t* uv = nullptr;
    if (napi_get_uv_event_loop(env_, &uv) != napi_ok) return nullptr;
    loop_ = std::make_unique<Loop>(uv);
    loop_->Start(this);
    started_ = true;
  }
  return loop_.get();
}

// The environment ends. Only now may JavaScript's memory still be let go of; what follows in the
// uv loop touches nothing of Node-API but the hook itself.
void Environment::OnCleanup(napi_async_cleanup_hook_handle handle, void* data) {
  auto* self = static_cast<Environment*>(data);
  self->ending_ = true;
  for (const auto& context : self->contexts_) context->Detach();
  self->TellMemory(0);
  napi_delete_reference(self->env_, self->array_buffer_class_);
  self->array_buffer_class_ = nullptr;
  self->slots_.clear();
  self->scopes_.clear();
  self->listeners_.clear();
  const auto finish = [self, handle] {
    self->self_.reset();
    napi_remove_async_cleanup_hook(handle);
  };
  if (!self->started_) {
    finish();
    return;
  }
  self->loop_->Shutdown(finish);
}

Context* Environment::AddContext(std::unique_ptr<Context> context) {
  contexts_.push_back(std::move(context));
  return contexts_.back().get();
}

void Environment::RemoveContext(Context* context) {
  if (ending_) return;
  const auto found =
      std::find_if(contexts_.begin(), contexts_.end(),
                   [context](const auto& candidate) { return candidate.get() == context; });
  if (found != contexts_.end()) contexts_.erase(found);
}

bool Environment::AssignHandle(Connection& connection) {
  uint32_t slot;
  if (!free_slots_.empty()) {
    slot = free_slots_.front();
    free_slots_.pop_front();
  } else {
    if (slots_.size() > kSlotMask) return false;
    slot = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& entry = slots_[slot];
  entry.generation = static_cast<uint16_t>((entry.generation + 1) & kGenerationMask);
  entry.connection = &connection;
  entry.handle = uint32_t{entry.generation} << kSlotBits | slot;
  connection.set_id(entry.handle);
  ContextOf(connection)->Retain();
  return true;
}

void Environment::AllowRelease(uint32_t handle) {
  if (Find(handle) != nullptr) slots_[handle & kSlotMask].is_over = true;
}

void Environment::SetWantsText(uint32_t handle) {
  if (Find(handle) != nullptr) slots_[handle & kSlotMask].wants_text = true;
}

void Environment::SetLendsPieces(uint32_t handle, bool lends) {
  if (Find(handle) != nullptr) slots_[handle & kSlotMask].lends_pieces = lends;
}

void Environment::ReleaseHandle(uint32_t handle) {
  Connection* connection = Find(handle);
  if (connection == nullptr || !slots_[handle & kSlotMask].is_over) return;
  Slot& entry = slots_[handle & kSlotMask];
  entry.connection = nullptr;
  entry.handle = 0;
  entry.is_over = entry.wants_text = entry.lends_pieces = false;
  if (ScopeOf(handle) != nullptr) SetScope(handle, nullptr);
  ContextOf(*connection)->Forget(connection);
  ContextOf(*connection)->Unretain();
  free_slots_.push_back(handle & kSlotMask);
  connection->Release();
}

void Environment::SetScope(uint32_t handle, std::shared_ptr<AsyncScope> scope) {
  const uint32_t slot = handle & kSlotMask;
  if (slot >= scopes_.size()) scopes_.resize(slots_.size());
  scopes_[slot] = std::move(scope);
}

void Environment::AddListener(Listener* listener) {
  const uint32_t id = next_listener_++;
  listener->set_id(id);
  listeners_.emplace(id, listener);
}

Listener* Environment::FindListener(uint32_t id) const {
  const auto found = listeners_.find(id);
  return found == listeners_.end() ? nullptr : found->second;
}

void Environment::BeginLastTurn() {
  if (started_ && !ending_) loop_->BeginLastTurn();
}

bool Environment::HasEvents() const {
  for (const auto& context : contexts_) {
    if (context->HasEvents()) return true;
  }
  return false;
}

// So that V8's collector knows how large the process is. Once in a while and not at each change,
// since it looks at its whole heap when 64 MiB have come.
void Environment::TellMemory(size_t size) {
  if (size == told_memory_) return;
  int64_t all = 0;
  const auto change = static_cast<int64_t>(size) - static_cast<int64_t>(told_memory_);
  napi_adjust_external_memory(env_, change, &all);
  told_memory_ = size;
}

bool Environment::Trim() {
  if (ending_) return false;
  TellMemory(loop_->memory());
  bool is_left = told_memory_ > 0;
  for (const auto& context : contexts_) {
    if (context->Trim()) is_left = true;
  }
  return is_left;
}

bool Environment::IsFull() const {
  for (const auto& context : contexts_) {
    if (context->IsFull()) return true;
  }
  return false;
}

void Environment::OnRound() {
  // A callback may evaluate lib/ again and so add a context.
  for (size_t i = 0; i < contexts_.size(); i++) {
    if (contexts_[i]->HasEvents()) contexts_[i]->DeliverAll();
  }
}

}  // namespace wsuv
