#include "binding/slab.h"

namespace wsuv {
namespace {

// 32 MiB have been received: the process is a busy one.
constexpr uint32_t kManySlabs = 512;

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

bool SlabAllocator::MakeRoom(napi_env env, size_t size) {
  if (!checked_) {
    if (current_ != nullptr && !IsAttached(env)) current_.reset();
    checked_ = true;
  }
  if (current_ != nullptr && kSlabSize - current_->used >= RoundUp(size)) return true;
  return Renew(env);
}

}  // namespace wsuv
