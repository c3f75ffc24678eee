#include "binding/shared_memory.h"

#include <new>
#include <utility>

namespace wsuv {

std::unique_ptr<SharedMemory> SharedMemory::Create(napi_env env, size_t size) {
  auto block = std::make_shared<Block>();
  block->bytes.reset(new (std::nothrow) uint8_t[size]());
  if (block->bytes == nullptr) return nullptr;
  return std::unique_ptr<SharedMemory>(new SharedMemory(env, std::move(block), size));
}

SharedMemory::~SharedMemory() {
  if (view_ != nullptr) napi_delete_reference(env_, view_);
}

napi_value SharedMemory::View(napi_typedarray_type type) {
  napi_value view = nullptr;
  if (view_ != nullptr) {
    napi_get_reference_value(env_, view_, &view);
    return view;
  }
  auto* held = new std::shared_ptr<Block>(block_);
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(
      env_, data(), size_,
      [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<Block>*>(hint); }, held,
      &buffer);
  if (status != napi_ok) {
    delete held;
    return nullptr;
  }
  const size_t element = type == napi_int32_array ? sizeof(int32_t) : 1;
  if (napi_create_typedarray(env_, type, size_ / element, buffer, 0, &view) != napi_ok ||
      napi_create_reference(env_, view, 1, &view_) != napi_ok) {
    return nullptr;
  }
  return view;
}

}  // namespace wsuv
