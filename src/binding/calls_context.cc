#include <memory>
#include <utility>

#include "binding/calls.h"
#include "binding/context.h"
#include "binding/javascript_memory.h"

namespace wsuv {
namespace {

/// openSockets(): connections and listeners that are open in this environment.
Napi::Value OpenSockets(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Environment::From(info.Env())->open_sockets()));
}

/// flushAll(): the process exits: writes whatever is queued on any connection, and what is sent
/// from now on at once.
Napi::Value FlushAll(const Napi::CallbackInfo& info) {
  Environment::From(info.Env())->BeginLastTurn();
  return info.Env().Undefined();
}

/// keepFreedMemory(): WSUV_KEEP_FREED_MEMORY=1 is set. It is asked for in JavaScript, since another
/// thread may be changing the environment, which std::getenv() does not know.
Napi::Value KeepMemory(const Napi::CallbackInfo& info) {
  KeepFreedMemory();
  return info.Env().Undefined();
}

/// realm(): the global object of Node's own realm. Where lib/ is evaluated in another one (as Jest
/// does), that is not the one it sees, and in neither need the functions be Node's any more.
Napi::Value Realm(const Napi::CallbackInfo& info) { return info.Env().Global(); }

/// createContext(dispatch, dispatchMore, endpoints): { context, cursor, ring, few }: an external
/// that stands for one evaluation of lib/, and memory that it shares with the addon; see Context.
Napi::Value CreateContext(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment* environment = Environment::From(env);
  if (!info[0].IsFunction() || !info[1].IsFunction() || !info[2].IsArray()) {
    Napi::TypeError::New(env, "createContext takes two functions and an array")
        .ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto made = std::make_unique<Context>(environment, info[0], info[1], info[2]);
  if (!made->Prepare()) {
    Napi::Error::New(env, "wsuv: out of memory").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Context* context = environment->AddContext(std::move(made));
  Napi::Object result = Napi::Object::New(env);
  // Node finalizes what is left when the environment ends, which may be after ours has.
  Napi::External<ContextHandle> external = Napi::External<ContextHandle>::New(
      env, new ContextHandle{context, environment->weak()}, [](Napi::Env, ContextHandle* handle) {
        if (const auto owner = handle->environment.lock()) owner->RemoveContext(handle->context);
        delete handle;
      });
  napi_type_tag_object(env, external, &TagOf<ContextHandle>());
  result.Set("context", external);
  result.Set("cursor", Napi::Value(env, context->Cursor()));
  result.Set("ring", Napi::Value(env, context->Ring()));
  result.Set("few", Napi::Value(env, context->Few()));
  return result;
}

}  // namespace

void DefineContextCalls(Napi::Env, Napi::Object exports) {
  Define<OpenSockets>(exports, "openSockets");
  Define<FlushAll>(exports, "flushAll");
  Define<KeepMemory>(exports, "keepFreedMemory");
  Define<Realm>(exports, "realm");
  Define<CreateContext>(exports, "createContext");
}

}  // namespace wsuv
