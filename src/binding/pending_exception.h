#ifndef WSUV_BINDING_PENDING_EXCEPTION_H_
#define WSUV_BINDING_PENDING_EXCEPTION_H_

#include <node_api.h>

namespace wsuv {

/// Drops what Node-API has thrown, if it has: "Array buffer allocation failed" is nothing that a
/// handler of this moment could catch.
inline void ForgetException(napi_env env) {
  bool is_pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending) {
    napi_get_and_clear_last_exception(env, &error);
  }
}

}  // namespace wsuv

#endif  // WSUV_BINDING_PENDING_EXCEPTION_H_
