#ifndef WSUV_BINDING_HANDLE_SCOPE_H_
#define WSUV_BINDING_HANDLE_SCOPE_H_

#include <node_api.h>

namespace wsuv {

/// A handle scope of Node-API, for as long as this is there.
class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) { napi_open_handle_scope(env_, &scope_); }
  ~HandleScope() { napi_close_handle_scope(env_, scope_); }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;
  /// Ends it, and begins a new one.
  void Renew() {
    napi_close_handle_scope(env_, scope_);
    napi_open_handle_scope(env_, &scope_);
  }

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_HANDLE_SCOPE_H_
