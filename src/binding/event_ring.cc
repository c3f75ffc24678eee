#include "binding/event_ring.h"

#include <utility>

#include "binding/handle_scope.h"
#include "binding/pending_exception.h"

namespace wsuv {

std::unique_ptr<EventRing> EventRing::Create(napi_env env, size_t capacity) {
  auto ring = std::make_unique<EventRing>();
  ring->memory = SharedMemory::Create(env, capacity * sizeof(EventRecord));
  if (ring->memory == nullptr) return nullptr;
  // The view is made now: when records are due it is too late to have no memory for it.
  const HandleScope scope(env);
  if (ring->memory->View(napi_int32_array) == nullptr) {
    ForgetException(env);
    return nullptr;
  }
  return ring;
}

bool EventRings::Prepare(napi_env env) {
  auto ring = EventRing::Create(env, EventRing::kCapacity);
  if (ring == nullptr) return false;
  rings_.push_back(std::move(ring));
  return true;
}

bool EventRings::MakeRoom(napi_env env) {
  if (current_ + 1 == rings_.size()) {
    auto ring = EventRing::Create(env, EventRing::kCapacity);
    if (ring == nullptr) return false;
    rings_.push_back(std::move(ring));
  }
  current_++;
  return true;
}

void EventRings::Reset() {
  if (rings_.size() > 1) rings_.resize(1);
  rings_[0]->used = 0;
  current_ = 0;
}

void EventRings::Clear() {
  rings_.clear();
  current_ = 0;
}

}  // namespace wsuv
