#ifndef WSUV_BINDING_ASYNC_SCOPE_H_
#define WSUV_BINDING_ASYNC_SCOPE_H_

#include <node_api.h>

namespace wsuv {

/// The asynchronous context in which events are delivered: what AsyncLocalStorage and async_hooks
/// go by. It is a child of the one that runs when it is made, so that the handlers of a client see
/// what the code that made the client saw.
class AsyncScope {
 public:
  explicit AsyncScope(napi_env env) : env_(env) {
    napi_value name;
    napi_create_string_utf8(env, "wsuv", NAPI_AUTO_LENGTH, &name);
    napi_async_init(env, nullptr, name, &context_);
  }
  ~AsyncScope() { napi_async_destroy(env_, context_); }
  AsyncScope(const AsyncScope&) = delete;
  AsyncScope& operator=(const AsyncScope&) = delete;

  napi_async_context context() const { return context_; }

 private:
  napi_env env_;
  napi_async_context context_ = nullptr;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_ASYNC_SCOPE_H_
