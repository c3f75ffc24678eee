#include "binding/slab.h"

#include <cstring>

namespace wsuv {

Slab::~Slab() {
  if (buffer != nullptr) napi_delete_reference(env, buffer);
}

bool SlabAllocator::IsAttached(napi_env env) const {
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  napi_value buffer;
  void* data = nullptr;
  size_t size = 0;
  const bool attached = napi_get_reference_value(env, current_->buffer, &buffer) == napi_ok &&
                        buffer != nullptr &&
                        napi_get_buffer_info(env, buffer, &data, &size) == napi_ok &&
                        size == kSlabSize && data == current_->data;
  napi_close_handle_scope(env, scope);
  return attached;
}

bool SlabAllocator::Renew(napi_env env) {
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  auto slab = std::make_shared<Slab>();
  slab->env = env;
  void* data = nullptr;
  napi_value buffer;
  const bool ok = napi_create_buffer(env, kSlabSize, &data, &buffer) == napi_ok &&
                  napi_create_reference(env, buffer, 1, &slab->buffer) == napi_ok;
  napi_close_handle_scope(env, scope);
  if (!ok) return false;
  slab->data = static_cast<uint8_t*>(data);
  current_ = std::move(slab);
  checked_ = true;
  return true;
}

int32_t SlabAllocator::Copy(napi_env env, ByteView bytes) {
  if (!checked_) {
    if (current_ != nullptr && !IsAttached(env)) current_.reset();
    checked_ = true;
  }
  // Views start at multiples of eight, so that typed arrays of any kind can be laid over them.
  const size_t needed = (bytes.size + 7) & ~size_t{7};
  if (current_ == nullptr || kSlabSize - current_->used < needed) {
    if (!Renew(env)) return -1;
  }
  const size_t offset = current_->used;
  if (bytes.size > 0) std::memcpy(current_->data + offset, bytes.data, bytes.size);
  current_->used += needed;
  return static_cast<int32_t>(offset);
}

}  // namespace wsuv
