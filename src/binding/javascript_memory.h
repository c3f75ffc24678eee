#ifndef WSUV_BINDING_JAVASCRIPT_MEMORY_H_
#define WSUV_BINDING_JAVASCRIPT_MEMORY_H_

#include <node_api.h>

#include <cstddef>
#include <memory>

#include "protocol/message_buffer.h"

namespace wsuv {

/// From the first large message on, the process keeps freed memory, up to 64 MiB, for what is
/// received next: the user has asked for that. A no-op everywhere but with glibc.
void KeepFreedMemory();

/// An ArrayBuffer of `size` bytes that the caller writes, all of them. Null, with an exception
/// pending perhaps, where there is no memory.
napi_value CreateArrayBuffer(napi_env env, size_t size, void** data);

/// An ArrayBuffer for payloads that are put there as they are read. The memory is JavaScript's from
/// the start: so V8 frees it with its cheap collections of young objects, and the ArrayBuffer can
/// be transferred like any other. (Both are not so for external memory, for which V8 marks its
/// whole heap every 64 MiB: an echo of 256 KiB costs 8% more with it.)
class JavaScriptMemory final : public MessageMemory {
 public:
  /// Null where JavaScript cannot give so much.
  static std::unique_ptr<JavaScriptMemory> Create(napi_env env, size_t size);
  ~JavaScriptMemory() override;

  /// The ArrayBuffer; call it within a handle scope.
  napi_value array_buffer() const;

 private:
  JavaScriptMemory(napi_env env, napi_ref array_buffer, uint8_t* data, size_t size)
      : MessageMemory(data, size), env_(env), array_buffer_(array_buffer) {}

  napi_env env_;
  napi_ref array_buffer_;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_JAVASCRIPT_MEMORY_H_
