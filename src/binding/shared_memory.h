#ifndef WSUV_BINDING_SHARED_MEMORY_H_
#define WSUV_BINDING_SHARED_MEMORY_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace wsuv {

/// Memory that lib/ and the addon both work with, and that users never see: records of events,
/// payloads on their way. It is the addon's own, so that nothing that JavaScript may do to its view
/// (transfer it, detach it, forget it) can pull it from under the addon.
class SharedMemory {
 public:
  /// `size` bytes, zeroed; null where there is no memory.
  static std::unique_ptr<SharedMemory> Create(napi_env env, size_t size);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  /// The view of it: an Int32Array, or a Uint8Array, as `type` says; made at the first call. Call
  /// it within a handle scope. Null where JavaScript cannot give one.
  napi_value View(napi_typedarray_type type);

 private:
  // What the ArrayBuffer keeps alive, too.
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
  };

  SharedMemory(napi_env env, std::shared_ptr<Block> block, size_t size)
      : env_(env), data_(block->bytes.get()), size_(size), block_(std::move(block)) {}

  napi_env env_;
  uint8_t* data_;
  size_t size_;
  std::shared_ptr<Block> block_;
  napi_ref view_ = nullptr;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_SHARED_MEMORY_H_
