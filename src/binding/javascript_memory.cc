#include "binding/javascript_memory.h"

#include <atomic>
#include <cstdlib>

#include "binding/environment.h"
#include "binding/handle_scope.h"
#include "binding/pending_exception.h"
#include "transport/pages.h"

namespace wsuv {
namespace {

// Above this size, memory that V8 frees lets glibc give pages back to the system.
constexpr size_t kPagesMatter = 64 * 1024;
// Above this size, zeroing memory that will be written costs more than making a Buffer for the sake
// of its ArrayBuffer, which is not zeroed.
constexpr size_t kZeroingMatters = 16 * 1024;
// Memory above this size may well be missing. The system gives it zeroed, whoever asks for it.
constexpr size_t kMayBeMissing = 32 * 1024 * 1024;

std::atomic<bool> keeps_freed_memory{false};

// V8 frees the memory of many messages at once, and glibc gives it back to the system, from which
// the next messages fetch it page by page: that is a quarter of the cost of echoing 256 KiB, and 5%
// at 16 KiB. But glibc learns from the largest block that a program has freed to keep as much as
// that, twice. That concerns everything else in the process as well, so it is only done where
// WSUV_KEEP_FREED_MEMORY=1 asks for it (docs/operations.md).
void TeachMalloc() {
#ifdef __GLIBC__
  static const bool taught = [] {
    constexpr size_t kLargestThatCounts = 32 * 1024 * 1024 - 64 * 1024;
    void* volatile block = std::malloc(kLargestThatCounts);
    std::free(block);
    return true;
  }();
  static_cast<void>(taught);
#endif
}

// Where there is no memory, Node-API's functions end the process, and the class throws.
napi_value CreateLarge(napi_env env, size_t size, void** data) {
  const napi_value constructor = Environment::From(env)->ArrayBufferClass();
  napi_value length = nullptr;
  napi_value value = nullptr;
  size_t given = 0;
  const bool is_there = napi_create_double(env, static_cast<double>(size), &length) == napi_ok &&
                        napi_new_instance(env, constructor, 1, &length, &value) == napi_ok &&
                        napi_get_arraybuffer_info(env, value, data, &given) == napi_ok;
  return is_there && given == size ? value : nullptr;
}

}  // namespace

void KeepFreedMemory() { keeps_freed_memory = true; }

napi_value CreateArrayBuffer(napi_env env, size_t size, void** data) {
  napi_value value = nullptr;
  if (size <= kZeroingMatters) {
    return napi_create_arraybuffer(env, size, data, &value) == napi_ok ? value : nullptr;
  }
  if (size > kMayBeMissing) return CreateLarge(env, size, data);
  napi_value array_buffer = nullptr;
  if (napi_create_buffer(env, size, data, &value) != napi_ok) return nullptr;
  napi_get_typedarray_info(env, value, nullptr, nullptr, nullptr, &array_buffer, nullptr);
  return array_buffer;
}

std::unique_ptr<JavaScriptMemory> JavaScriptMemory::Create(napi_env env, size_t size) {
  if (size > kPagesMatter && keeps_freed_memory) TeachMalloc();
  const HandleScope scope(env);
  void* data = nullptr;
  const napi_value value = CreateArrayBuffer(env, size, &data);
  napi_ref reference = nullptr;
  std::unique_ptr<JavaScriptMemory> memory;
  if (value != nullptr) AskForHugePages(data, size);
  if (value != nullptr && napi_create_reference(env, value, 1, &reference) == napi_ok) {
    memory.reset(new JavaScriptMemory(env, reference, static_cast<uint8_t*>(data), size));
  } else {
    ForgetException(env);
  }
  return memory;
}

JavaScriptMemory::~JavaScriptMemory() { napi_delete_reference(env_, array_buffer_); }

napi_value JavaScriptMemory::array_buffer() const {
  napi_value value = nullptr;
  napi_get_reference_value(env_, array_buffer_, &value);
  return value;
}

}  // namespace wsuv
