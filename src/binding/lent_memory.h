#ifndef WSUV_BINDING_LENT_MEMORY_H_
#define WSUV_BINDING_LENT_MEMORY_H_

#include <node_api.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "binding/shared_memory.h"
#include "transport/loop.h"

namespace wsuv {

/// Memory for pieces of messages that lib/ passes on before its function returns, and that no user
/// ever sees: so that it is used again, and always warm. What has been lent comes back when nobody
/// refers to it any more.
class LentMemory {
 public:
  /// As much as one read may have.
  static constexpr size_t kSize = Loop::kReadBufferSize;

  /// kSize bytes; null where there is no memory, or enough has been lent.
  std::shared_ptr<SharedMemory> Lend(napi_env env) {
    was_used_ = true;
    const auto found = std::find_if(all_.begin(), all_.end(), IsBack);
    if (found != all_.end()) return *found;
    if (all_.size() == kMost) return nullptr;
    std::shared_ptr<SharedMemory> memory = SharedMemory::Create(env, kSize);
    if (memory != nullptr) all_.push_back(memory);
    return memory;
  }

  /// Frees what is here, if nothing was lent since the last call of this. Returns whether there is
  /// something left.
  bool Trim() {
    if (!was_used_) all_.erase(std::remove_if(all_.begin(), all_.end(), IsBack), all_.end());
    was_used_ = false;
    return !all_.empty();
  }

  /// Frees everything that is here, and what is not as soon as it is back.
  void Clear() { all_.clear(); }

 private:
  static constexpr size_t kMost = 16;
  static bool IsBack(const std::shared_ptr<SharedMemory>& memory) {
    return memory.use_count() == 1;
  }

  std::vector<std::shared_ptr<SharedMemory>> all_;
  bool was_used_ = false;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_LENT_MEMORY_H_
