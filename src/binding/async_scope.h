#ifndef WSUV_BINDING_ASYNC_SCOPE_H_
#define WSUV_BINDING_ASYNC_SCOPE_H_

#include <node_api.h>

namespace wsuv {

/// The asynchronous context in which events are delivered: what AsyncLocalStorage and async_hooks
/// go by. It is a child of the one that runs when it is made, so that the handlers of a client see
/// what the code that made the client saw.
class AsyncScope {
 public:
  /// `resource` is what async_hooks see of it. It is kept, since AsyncLocalStorage keeps its stores
  /// there, and Node.js holds it weakly.
  explicit AsyncScope(napi_env env, napi_value resource = nullptr) : env_(env) {
    napi_value name;
    napi_create_string_utf8(env, "wsuv", NAPI_AUTO_LENGTH, &name);
    napi_async_init(env, resource, name, &context_);
    if (resource != nullptr) napi_create_reference(env, resource, 1, &resource_);
  }
  ~AsyncScope() {
    napi_async_destroy(env_, context_);
    if (resource_ != nullptr) napi_delete_reference(env_, resource_);
  }
  AsyncScope(const AsyncScope&) = delete;
  AsyncScope& operator=(const AsyncScope&) = delete;

  napi_async_context context() const { return context_; }

 private:
  napi_env env_;
  napi_async_context context_ = nullptr;
  napi_ref resource_ = nullptr;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_ASYNC_SCOPE_H_
