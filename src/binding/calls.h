#ifndef WSUV_BINDING_CALLS_H_
#define WSUV_BINDING_CALLS_H_

#include <napi.h>

#include <memory>
#include <string>

#include "binding/checks.h"
#include "binding/environment.h"
#include "protocol/assert.h"
#include "protocol/bytes.h"

namespace wsuv {

/// The functions that lib/ calls, by the kind of thing they are about; each adds its own to the
/// addon's exports. All of them are plain functions of (handle, ...): there are no wrapped objects.
void DefineContextCalls(Napi::Env env, Napi::Object exports);
void DefineServerCalls(Napi::Env env, Napi::Object exports);
void DefineConnectionCalls(Napi::Env env, Napi::Object exports);
void DefineSendCalls(Napi::Env env, Napi::Object exports);
void DefineStreamCalls(Napi::Env env, Napi::Object exports);
void DefineFrameCalls(Napi::Env env, Napi::Object exports);
void DefineProtocolCalls(Napi::Env env, Napi::Object exports);
void DefineVersion(Napi::Env env, Napi::Object exports);

/// What lib/ holds of a context.
struct ContextHandle {
  Context* context;
  std::weak_ptr<Environment> environment;
};

using Settings = std::shared_ptr<const ConnectionSettings>;
using CompressionHandle = std::shared_ptr<const CompressionSettings>;

/// The connection of a handle that lib/ gives; null where there is none. lib/ forgets a handle,
/// which is 0 then, before it gives it back: so one that is not 0 and names nobody is a mistake of
/// lib/'s, for which a build with assertions throws WSUV_STALE_HANDLE.
inline Connection* FindGiven(Environment* environment, uint32_t handle) {
  Connection* connection = environment->Find(handle);
#if WSUV_HAS_ASSERTIONS
  if (connection == nullptr && handle != 0) {
    napi_throw_error(environment->env(), "WSUV_STALE_HANDLE", "The handle was given back before");
  }
#endif
  return connection;
}

/// What a call's arguments name; null where there is no such thing. Each throws for a handle that
/// is no number, a context that is none, and settings that are neither settings nor undefined.
Connection* ConnectionAt(const Napi::CallbackInfo& info, size_t index);
Context* ContextAt(const Napi::CallbackInfo& info, size_t index);
Settings SettingsAt(const Napi::CallbackInfo& info, size_t index);
/// The listener with the id that an argument is.
Listener* ListenerAt(const Napi::CallbackInfo& info, size_t index);
/// The bytes of a Uint8Array; empty for anything else.
ByteView BytesAt(const Napi::CallbackInfo& info, size_t index);
/// The same of a value.
ByteView BytesOf(Napi::Value value);
/// A string as Latin-1, as Node has header values; empty for anything else.
std::string Latin1At(const Napi::CallbackInfo& info, size_t index);

template <>
const napi_type_tag& TagOf<ContextHandle>();
template <>
const napi_type_tag& TagOf<Settings>();
template <>
const napi_type_tag& TagOf<CompressionHandle>();

/// { address, family, port } of a socket address.
Napi::Value AddressObject(Napi::Env env, const sockaddr_storage& address);

/// Runs `action` on the connection that the first argument names, if there is one.
template <typename Action>
Napi::Value WithConnection(const Napi::CallbackInfo& info, Action action) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr) action(*connection);
  return info.Env().Undefined();
}

/// Adds `Call` as `name` to `exports`.
template <Napi::Value (*Call)(const Napi::CallbackInfo&)>
void Define(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Call>(exports.Env(), name));
}

}  // namespace wsuv

#endif  // WSUV_BINDING_CALLS_H_
