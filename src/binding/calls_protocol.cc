#include "binding/calls.h"
#include "protocol/error.h"
#include "protocol/handshake.h"
#include "protocol/utf8.h"

namespace wsuv {
namespace {

/// errors(): the table of error.h as [{ name, closeCode, isRangeError, sentence }], by ErrorCode.
Napi::Value Errors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array table = Napi::Array::New(env, kErrorCodeCount);
  for (uint32_t i = 0; i < kErrorCodeCount; i++) {
    const ErrorInfo& error = DescribeError(static_cast<ErrorCode>(i));
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", error.name);
    row.Set("closeCode", static_cast<int>(error.close_code));
    row.Set("isRangeError", error.cls == ErrorClass::kRangeError);
    row.Set("sentence", error.sentence);
    table.Set(i, row);
  }
  return table;
}

/// acceptValue(key): the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key.
Napi::Value AcceptValueOf(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), AcceptValue(Latin1At(info, 0)));
}

/// openSockets(): connections and listeners that are open in this environment.
Napi::Value OpenSockets(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Environment::From(info.Env())->open_sockets()));
}

/// flushAll(): writes whatever is queued on any connection, for the end of the process.
Napi::Value FlushAll(const Napi::CallbackInfo& info) {
  Environment::From(info.Env())->FlushAll();
  return info.Env().Undefined();
}

/// realm(): the global object of Node's own realm. Where lib/ is evaluated in another one (as Jest
/// does), that is not the one it sees, and in neither need the functions be Node's any more.
Napi::Value Realm(const Napi::CallbackInfo& info) { return info.Env().Global(); }

/// createContext(dispatch, cursor): an external that stands for one evaluation of lib/.
Napi::Value CreateContext(const Napi::CallbackInfo& info) {
  Environment* environment = Environment::From(info.Env());
  Context* context =
      environment->AddContext(std::make_unique<Context>(environment, info[0], info[1]));
  // Node finalizes what is left when the environment ends, which may be after ours has.
  return Napi::External<ContextHandle>::New(info.Env(),
                                            new ContextHandle{context, environment->weak()},
                                            [](Napi::Env, ContextHandle* handle) {
                                              if (const auto owner = handle->environment.lock())
                                                owner->RemoveContext(handle->context);
                                              delete handle;
                                            });
}

}  // namespace

void DefineProtocolCalls(Napi::Env, Napi::Object exports) {
  Define<Errors>(exports, "errors");
  Define<AcceptValueOf>(exports, "acceptValue");
  Define<OpenSockets>(exports, "openSockets");
  Define<FlushAll>(exports, "flushAll");
  Define<Realm>(exports, "realm");
  Define<CreateContext>(exports, "createContext");
}

}  // namespace wsuv
