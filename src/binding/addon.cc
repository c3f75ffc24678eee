#include <napi.h>

#include "binding/calls.h"
#include "binding/environment.h"

namespace {

// Runs once an environment that loads the addon: the main thread, and each worker.
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  wsuv::Environment::Create(env);
  wsuv::DefineProtocolCalls(env, exports);
  wsuv::DefineContextCalls(env, exports);
  wsuv::DefineServerCalls(env, exports);
  wsuv::DefineConnectionCalls(env, exports);
  wsuv::DefineSendCalls(env, exports);
  wsuv::DefineStreamCalls(env, exports);
  wsuv::DefineFrameCalls(env, exports);
  wsuv::DefineVersion(env, exports);
  return exports;
}

NODE_API_MODULE(wsuv, Init)

}  // namespace
