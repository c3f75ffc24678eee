#include "binding/event_ring.h"

namespace wsuv {

bool EventRings::MakeRoom(napi_env env) {
  if (current_ < rings_.size()) current_++;
  if (current_ < rings_.size()) return true;
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  auto made = std::make_unique<EventRing>();
  void* memory = nullptr;
  napi_value buffer;
  napi_value array;
  const bool ok = napi_create_arraybuffer(env, EventRing::kCapacity * sizeof(EventRecord), &memory,
                                          &buffer) == napi_ok &&
                  napi_create_typedarray(env, napi_int32_array, EventRing::kCapacity * 4, buffer, 0,
                                         &array) == napi_ok &&
                  napi_create_reference(env, array, 1, &made->array) == napi_ok;
  napi_close_handle_scope(env, scope);
  if (!ok) return false;
  made->records = static_cast<EventRecord*>(memory);
  rings_.push_back(std::move(made));
  return true;
}

void EventRings::Reset(napi_env env) {
  for (size_t i = 1; i < rings_.size(); i++) napi_delete_reference(env, rings_[i]->array);
  if (rings_.size() > 1) rings_.resize(1);
  if (!rings_.empty()) rings_[0]->used = 0;
  current_ = 0;
}

void EventRings::Clear(napi_env env) {
  for (const auto& ring : rings_) napi_delete_reference(env, ring->array);
  rings_.clear();
  current_ = 0;
}

}  // namespace wsuv
