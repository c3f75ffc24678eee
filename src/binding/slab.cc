#include "binding/slab.h"

#include <cstring>

namespace wsuv {
namespace {

// 32 MiB have been received: the process is a busy one.
constexpr uint32_t kManySlabs = 512;

// Views start at multiples of eight, so that typed arrays of any kind can be laid over them.
size_t RoundUp(size_t size) { return (size + 7) & ~size_t{7}; }

}  // namespace

bool SlabAllocator::IsAttached(napi_env env) const {
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  const napi_value buffer = current_->memory->buffer();
  void* data = nullptr;
  size_t size = 0;
  const bool attached = buffer != nullptr &&
                        napi_get_buffer_info(env, buffer, &data, &size) == napi_ok &&
                        size == kSlabSize && data == current_->memory->data();
  napi_close_handle_scope(env, scope);
  return attached;
}

bool SlabAllocator::Renew(napi_env env) {
  auto slab = std::make_shared<Slab>();
  slab->memory = JavaScriptMemory::Create(env, kSlabSize);
  if (slab->memory == nullptr) return false;
  current_ = std::move(slab);
  checked_ = true;
  if (++renewed_ == kManySlabs) KeepFreedMemory();
  return true;
}

uint8_t* SlabAllocator::Place(napi_env env, size_t size) {
  if (!checked_) {
    if (current_ != nullptr && !IsAttached(env)) current_.reset();
    checked_ = true;
  }
  const size_t needed = RoundUp(size);
  if (current_ == nullptr || kSlabSize - current_->used < needed) {
    if (!Renew(env)) return nullptr;
  }
  return current_->memory->data() + current_->used;
}

int32_t SlabAllocator::Copy(napi_env env, ByteView bytes) {
  uint8_t* place = Place(env, bytes.size);
  if (place == nullptr) return -1;
  if (place != bytes.data && bytes.size > 0) std::memcpy(place, bytes.data, bytes.size);
  const size_t offset = current_->used;
  current_->used += RoundUp(bytes.size);
  return static_cast<int32_t>(offset);
}

}  // namespace wsuv
