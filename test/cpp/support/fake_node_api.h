#ifndef WSUV_TEST_SUPPORT_FAKE_NODE_API_H_
#define WSUV_TEST_SUPPORT_FAKE_NODE_API_H_

#include <node_api.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace wsuv::test {

/// The memory of an ArrayBuffer. What V8 does not zero is full of kUnwritten.
struct FakeMemory {
  explicit FakeMemory(size_t count) : own(new uint8_t[count]), bytes(own.get()), size(count) {}
  FakeMemory(void* external, size_t count) : bytes(static_cast<uint8_t*>(external)), size(count) {}

  /// It was transferred to somewhere else, and freed there.
  void Detach() {
    own.reset();
    bytes = nullptr;
    size = 0;
  }

  static constexpr uint8_t kUnwritten = 0xDD;
  std::unique_ptr<uint8_t[]> own;
  uint8_t* bytes;
  size_t size;
};

/// A JavaScript value, as far as the addon's core makes or gets any.
struct FakeValue {
  napi_valuetype type = napi_undefined;
  double number = 0;
  std::shared_ptr<FakeMemory> memory;  ///< Of an ArrayBuffer, or of what a view looks at.
  std::shared_ptr<FakeValue> buffer;   ///< The ArrayBuffer of a view.
  std::vector<std::shared_ptr<FakeValue>> elements;
  size_t offset = 0;
  size_t length = 0;
  /// Of a function: returns false where it throws.
  std::function<bool(FakeValue* receiver, const std::vector<FakeValue*>& arguments)> call;
  std::function<void()> finalize;

  FakeValue() = default;
  FakeValue(const FakeValue&) = delete;
  FakeValue& operator=(const FakeValue&) = delete;
  ~FakeValue() {
    if (finalize) finalize();
  }
  uint8_t* bytes() const { return memory->bytes + offset; }
};

/// A Node.js without JavaScript: what the addon's core calls of Node-API is defined on it. A value
/// lives as long as its handle scope, or as a strong reference to it; so what is used later is seen
/// by AddressSanitizer.
class FakeNode {
 public:
  explicit FakeNode(uv_loop_t* loop) : loop_(loop) {}
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  napi_env env() { return reinterpret_cast<napi_env>(this); }
  static FakeNode* From(napi_env env) { return reinterpret_cast<FakeNode*>(env); }
  static FakeValue* Value(napi_value value) { return reinterpret_cast<FakeValue*>(value); }
  static napi_value Handle(FakeValue* value) { return reinterpret_cast<napi_value>(value); }

  /// A handle for a value in the scope that is open.
  napi_value Keep(std::shared_ptr<FakeValue> value) {
    values_.push_back(std::move(value));
    return Handle(values_.back().get());
  }
  napi_value Make(napi_valuetype type) {
    auto value = std::make_shared<FakeValue>();
    value->type = type;
    return Keep(std::move(value));
  }
  std::shared_ptr<FakeValue> Shared(napi_value value) const;
  size_t OpenScope() const { return values_.size(); }
  void CloseScope(size_t mark) { values_.resize(mark); }

  /// Whether JavaScript has memory for one more ArrayBuffer. Where it has none, an exception is
  /// pending.
  bool HasMemory() {
    if (allocations_until_failure < 0 || allocations_until_failure-- > 0) return true;
    allocations_until_failure = -1;
    failures++;
    is_exception_pending = true;
    return false;
  }
  /// How many allocations there are before one fails; negative: none does.
  long allocations_until_failure = -1;
  size_t failures = 0;
  /// What the addon says that it has, in bytes.
  int64_t external_memory = 0;

  /// The environment ends, as Node.js does it: `done` is called when the addon has let go.
  void End(std::function<void()> done) {
    on_ended_ = std::move(done);
    cleanup_hook(reinterpret_cast<napi_async_cleanup_hook_handle>(this), cleanup_data);
  }
  void Ended() {
    if (on_ended_) on_ended_();
  }

  uv_loop_t* loop() const { return loop_; }
  void* instance_data = nullptr;
  napi_async_cleanup_hook cleanup_hook = nullptr;
  void* cleanup_data = nullptr;
  bool is_exception_pending = false;
  size_t uncaught = 0;  ///< Calls of napi_fatal_exception().
  std::function<void()> on_uncaught;
  size_t references = 0;  ///< That were not deleted.
  /// What is said of the call that runs, to the function that is called.
  struct Call {
    bool in_javascript = false;  ///< By napi_call_function().
    napi_async_context async = nullptr;
  } call;

 private:
  uv_loop_t* loop_;
  std::vector<std::shared_ptr<FakeValue>> values_;
  std::function<void()> on_ended_;
};

/// A napi_ref.
struct FakeReference {
  std::shared_ptr<FakeValue> strong;
  std::weak_ptr<FakeValue> weak;
  uint32_t count = 0;
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_FAKE_NODE_API_H_
