#include <algorithm>
#include <utility>

#include "binding/calls.h"

namespace wsuv {
namespace {

bool IsTrue(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

// A property as an integer; 0 where it is no number, or a negative one.
int64_t IntegerOf(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  int64_t number = 0;
  if (!value.IsNumber() || napi_get_value_int64(value.Env(), value, &number) != napi_ok) return 0;
  return std::max<int64_t>(number, 0);
}

/// settings({ maxPayload, maxFragments, maxBufferedChunks, skipUTF8Validation, closeTimeout,
/// handshakeTimeout, maxHeaderSize, maxHeadersCount, streamThreshold, maxStreamLength,
/// highWaterMark }): an external to pass to listen, acceptWith, adopt and attach. Time-outs are
/// milliseconds, and sizes bytes; limits of 0 are off.
Napi::Value MakeSettings(const Napi::CallbackInfo& info) {
  const Napi::Object options = ObjectAt(info, 0);
  if (options.IsEmpty()) return info.Env().Undefined();
  auto settings = std::make_shared<ConnectionSettings>();
  const auto number = [&options](const char* name) { return IntegerOf(options, name); };
  settings->limits.max_payload = static_cast<uint64_t>(number("maxPayload"));
  settings->limits.max_fragments = static_cast<uint32_t>(number("maxFragments"));
  settings->limits.max_buffered_chunks = static_cast<uint32_t>(number("maxBufferedChunks"));
  settings->limits.stream_threshold = static_cast<uint64_t>(number("streamThreshold"));
  settings->limits.max_stream_length = static_cast<uint64_t>(number("maxStreamLength"));
  settings->limits.skip_utf8_validation = IsTrue(options, "skipUTF8Validation");
  settings->close_timeout = static_cast<uint64_t>(number("closeTimeout"));
  settings->handshake_timeout = static_cast<uint64_t>(number("handshakeTimeout"));
  settings->head.max_size = static_cast<size_t>(number("maxHeaderSize"));
  settings->head.max_headers = static_cast<size_t>(number("maxHeadersCount"));
  settings->high_water_mark = static_cast<size_t>(number("highWaterMark"));
  return MakeHeld(info.Env(), std::make_unique<Settings>(std::move(settings)));
}

// One direction: { windowBits, takeover, level, memLevel, strategy, dictionary }.
DeflateSettings DirectionOf(const Napi::Object& options) {
  // These may be negative.
  const auto number = [&options](const char* name) {
    const Napi::Value value = options.Get(name);
    return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : 0;
  };
  DeflateSettings settings;
  settings.window_bits = number("windowBits");
  settings.takeover = IsTrue(options, "takeover");
  settings.level = number("level");
  settings.mem_level = number("memLevel");
  settings.strategy = number("strategy");
  const Napi::Value dictionary = options.Get("dictionary");
  if (dictionary.IsTypedArray()) {
    const ByteView bytes = BytesOf(dictionary);
    settings.dictionary.assign(bytes.data, bytes.data + bytes.size);
  }
  return settings;
}

/// compression({ outgoing, incoming, asyncInflateSize, concurrencyLimit }): an external to pass to
/// useCompression. The limit counts for the whole environment; undefined leaves it as it is.
Napi::Value MakeCompression(const Napi::CallbackInfo& info) {
  const Napi::Object options = ObjectAt(info, 0);
  if (options.IsEmpty()) return info.Env().Undefined();
  const Napi::Value outgoing = options.Get("outgoing");
  const Napi::Value incoming = options.Get("incoming");
  if (!outgoing.IsObject() || !incoming.IsObject()) {
    ThrowArgument(info, 0, "object with both directions");
    return info.Env().Undefined();
  }
  auto settings = std::make_shared<CompressionSettings>();
  settings->outgoing = DirectionOf(outgoing.As<Napi::Object>());
  settings->incoming = DirectionOf(incoming.As<Napi::Object>());
  settings->async_inflate_size = static_cast<size_t>(IntegerOf(options, "asyncInflateSize"));
  Loop* loop = Environment::From(info.Env())->loop();
  if (loop != nullptr && options.Get("concurrencyLimit").IsNumber()) {
    const int64_t limit = IntegerOf(options, "concurrencyLimit");
    loop->compression().work().set_limit(limit > 0 ? static_cast<size_t>(limit) : 1);
  }
  return MakeHeld(info.Env(), std::make_unique<CompressionHandle>(std::move(settings)));
}

/// listen(context, settings, host, port, path, backlog): the listener's id, or a libuv error as a
/// negative number. `host` is an address in numbers; with `path` not empty, a Unix socket.
Napi::Value Listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment* environment = Environment::From(env);
  Context* context = ContextAt(info, 0);
  const Settings settings = SettingsAt(info, 1);
  ListenAddress address;
  address.host = TextAt(info, 2);
  address.port = IntegerAt(info, 3);
  address.path = TextAt(info, 4);
  const int backlog = IntegerAt(info, 5);
  Loop* loop = environment->loop();
  if (loop == nullptr || env.IsExceptionPending()) return Napi::Number::New(env, UV_ECANCELED);
  if (context == nullptr || settings == nullptr) {
    ThrowArgument(info, 1, "settings");
    return env.Undefined();
  }
  auto* listener = new Listener(loop, context, context, settings, !address.path.empty());
  environment->AddListener(listener);
  context->Retain();
  const int status = listener->Listen(address, backlog);
  return Napi::Number::New(env, status < 0 ? status : static_cast<int>(listener->id()));
}

/// closeListener(id): its end is reported when its last connection is gone.
Napi::Value CloseListener(const Napi::CallbackInfo& info) {
  Listener* listener = ListenerAt(info, 0);
  if (listener != nullptr) listener->Close();
  return info.Env().Undefined();
}

/// listenerAddress(id): { address, family, port }, or undefined for a Unix socket.
Napi::Value ListenerAddress(const Napi::CallbackInfo& info) {
  Listener* listener = ListenerAt(info, 0);
  sockaddr_storage address = {};
  if (listener == nullptr || listener->is_pipe() || listener->GetAddress(&address) != 0) {
    return info.Env().Undefined();
  }
  return AddressObject(info.Env(), address);
}

/// listenerConnections(id): how many connections it has accepted that have not ended.
Napi::Value ListenerConnections(const Napi::CallbackInfo& info) {
  const Listener* listener = ListenerAt(info, 0);
  const size_t connections = listener == nullptr ? 0 : listener->connections();
  return Napi::Number::New(info.Env(), static_cast<double>(connections));
}

/// dropHeads(id): drops the connections that have sent no whole request head.
Napi::Value DropHeads(const Napi::CallbackInfo& info) {
  Listener* listener = ListenerAt(info, 0);
  if (listener != nullptr) listener->DropHeads();
  return info.Env().Undefined();
}

/// setListenerSettings(id, settings): for connections that are accepted from now on.
Napi::Value SetListenerSettings(const Napi::CallbackInfo& info) {
  Listener* listener = ListenerAt(info, 0);
  Settings settings = SettingsAt(info, 1);
  if (listener != nullptr && settings != nullptr) listener->set_settings(std::move(settings));
  return info.Env().Undefined();
}

/// refListener(id, on): whether it keeps the event loop alive.
Napi::Value RefListener(const Napi::CallbackInfo& info) {
  Listener* listener = ListenerAt(info, 0);
  if (listener != nullptr) listener->SetRef(FlagAt(info, 1));
  return info.Env().Undefined();
}

/// acceptWith(handle, settings, response): answers with a 101 that lib/ has written.
Napi::Value AcceptWith(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  Settings settings = SettingsAt(info, 1);
  const std::string response = TextAt(info, 2);
  if (connection != nullptr && !info.Env().IsExceptionPending()) {
    connection->Accept(response, std::move(settings));
  }
  return info.Env().Undefined();
}

/// reject(handle, response): answers with an HTTP error and closes.
Napi::Value Reject(const Napi::CallbackInfo& info) {
  return WithConnection(
      info, [&info](Connection& connection) { connection.Reject(BytesAt(info, 1).text()); });
}

}  // namespace

void DefineServerCalls(Napi::Env, Napi::Object exports) {
  Define<MakeSettings>(exports, "settings");
  Define<MakeCompression>(exports, "compression");
  Define<Listen>(exports, "listen");
  Define<CloseListener>(exports, "closeListener");
  Define<ListenerAddress>(exports, "listenerAddress");
  Define<ListenerConnections>(exports, "listenerConnections");
  Define<DropHeads>(exports, "dropHeads");
  Define<SetListenerSettings>(exports, "setListenerSettings");
  Define<RefListener>(exports, "refListener");
  Define<AcceptWith>(exports, "acceptWith");
  Define<Reject>(exports, "reject");
}

}  // namespace wsuv
