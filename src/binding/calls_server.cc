#include "binding/calls.h"
#include "protocol/upgrade.h"

namespace wsuv {
namespace {

/// settings({ maxPayload, maxFragments, maxBufferedChunks, skipUTF8Validation, closeTimeout,
/// handshakeTimeout, maxHeaderSize, maxHeadersCount }): an external to pass to listen, acceptWith,
/// adopt and attach. Limits of 0 are off.
Napi::Value MakeSettings(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  auto settings = std::make_shared<ConnectionSettings>();
  const auto number = [&options](const char* name) {
    return options.Get(name).ToNumber().Int64Value();
  };
  settings->limits.max_payload = static_cast<uint64_t>(number("maxPayload"));
  settings->limits.max_fragments = static_cast<uint32_t>(number("maxFragments"));
  settings->limits.max_buffered_chunks = static_cast<uint32_t>(number("maxBufferedChunks"));
  settings->limits.skip_utf8_validation = options.Get("skipUTF8Validation").ToBoolean();
  settings->close_timeout = static_cast<uint64_t>(number("closeTimeout"));
  settings->handshake_timeout = static_cast<uint64_t>(number("handshakeTimeout"));
  settings->head.max_size = static_cast<size_t>(number("maxHeaderSize"));
  settings->head.max_headers = static_cast<size_t>(number("maxHeadersCount"));
  settings->high_water_mark = static_cast<size_t>(number("highWaterMark"));
  return Napi::External<Settings>::New(info.Env(), new Settings(std::move(settings)),
                                       [](Napi::Env, Settings* held) { delete held; });
}

// One direction: { windowBits, takeover, level, memLevel, strategy, dictionary }.
DeflateSettings DirectionOf(const Napi::Object& options) {
  const auto number = [&options](const char* name) {
    return options.Get(name).ToNumber().Int32Value();
  };
  DeflateSettings settings;
  settings.window_bits = number("windowBits");
  settings.takeover = options.Get("takeover").ToBoolean();
  settings.level = number("level");
  settings.mem_level = number("memLevel");
  settings.strategy = number("strategy");
  if (options.Get("dictionary").IsTypedArray()) {
    const Napi::Uint8Array dictionary = options.Get("dictionary").As<Napi::Uint8Array>();
    settings.dictionary.assign(dictionary.Data(), dictionary.Data() + dictionary.ByteLength());
  }
  return settings;
}

/// compression({ outgoing, incoming, asyncInflateSize, concurrencyLimit }): an external to pass to
/// useCompression. The limit counts for the whole environment; undefined leaves it as it is.
Napi::Value MakeCompression(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  auto settings = std::make_shared<CompressionSettings>();
  settings->outgoing = DirectionOf(options.Get("outgoing").As<Napi::Object>());
  settings->incoming = DirectionOf(options.Get("incoming").As<Napi::Object>());
  settings->async_inflate_size =
      static_cast<size_t>(options.Get("asyncInflateSize").ToNumber().Int64Value());
  Loop* loop = Environment::From(info.Env())->loop();
  if (loop != nullptr && options.Get("concurrencyLimit").IsNumber()) {
    const int64_t limit = options.Get("concurrencyLimit").ToNumber();
    loop->compression().work().set_limit(limit > 0 ? static_cast<size_t>(limit) : 1);
  }
  return Napi::External<CompressionHandle>::New(
      info.Env(), new CompressionHandle(std::move(settings)),
      [](Napi::Env, CompressionHandle* held) { delete held; });
}

/// listen(context, settings, host, port, path, backlog): the listener's id, or a libuv error as a
/// negative number. `host` is an address in numbers; with `path` not empty, a Unix socket.
Napi::Value Listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment* environment = Environment::From(env);
  Context* context = ContextAt(info, 0);
  Loop* loop = environment->loop();
  if (loop == nullptr) return Napi::Number::New(env, UV_ECANCELED);
  ListenAddress address;
  address.host = info[2].ToString();
  address.port = info[3].ToNumber();
  address.path = info[4].ToString();
  auto* listener = new Listener(loop, context, context, SettingsAt(info, 1), !address.path.empty());
  environment->AddListener(listener);
  context->Retain();
  const int status = listener->Listen(address, info[5].ToNumber());
  return Napi::Number::New(env, status < 0 ? status : static_cast<int>(listener->id()));
}

/// closeListener(id): its end is reported when its last connection is gone.
Napi::Value CloseListener(const Napi::CallbackInfo& info) {
  Listener* listener = Environment::From(info.Env())->FindListener(info[0].ToNumber());
  if (listener != nullptr) listener->Close();
  return info.Env().Undefined();
}

/// listenerAddress(id): { address, family, port }, or undefined for a Unix socket.
Napi::Value ListenerAddress(const Napi::CallbackInfo& info) {
  Listener* listener = Environment::From(info.Env())->FindListener(info[0].ToNumber());
  sockaddr_storage address = {};
  if (listener == nullptr || listener->is_pipe() || listener->GetAddress(&address) != 0) {
    return info.Env().Undefined();
  }
  return AddressObject(info.Env(), address);
}

/// listenerConnections(id): how many connections it has accepted that have not ended.
Napi::Value ListenerConnections(const Napi::CallbackInfo& info) {
  const Listener* listener = Environment::From(info.Env())->FindListener(info[0].ToNumber());
  const size_t connections = listener == nullptr ? 0 : listener->connections();
  return Napi::Number::New(info.Env(), static_cast<double>(connections));
}

/// dropHeads(id): drops the connections that have sent no whole request head.
Napi::Value DropHeads(const Napi::CallbackInfo& info) {
  Listener* listener = Environment::From(info.Env())->FindListener(info[0].ToNumber());
  if (listener != nullptr) listener->DropHeads();
  return info.Env().Undefined();
}

/// setListenerSettings(id, settings): for connections that are accepted from now on.
Napi::Value SetListenerSettings(const Napi::CallbackInfo& info) {
  Listener* listener = Environment::From(info.Env())->FindListener(info[0].ToNumber());
  Settings settings = SettingsAt(info, 1);
  if (listener != nullptr && settings != nullptr) listener->set_settings(std::move(settings));
  return info.Env().Undefined();
}

/// refListener(id, on): whether it keeps the event loop alive.
Napi::Value RefListener(const Napi::CallbackInfo& info) {
  Listener* listener = Environment::From(info.Env())->FindListener(info[0].ToNumber());
  if (listener != nullptr) listener->SetRef(info[1].ToBoolean());
  return info.Env().Undefined();
}

/// acceptWith(handle, settings, response): answers with a 101 that lib/ has written.
Napi::Value AcceptWith(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr) {
    connection->Accept(info[2].ToString().Utf8Value(), SettingsAt(info, 1));
  }
  return info.Env().Undefined();
}

/// reject(handle, response): answers with an HTTP error and closes.
Napi::Value Reject(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr) {
    const Napi::Buffer<char> response = info[1].As<Napi::Buffer<char>>();
    connection->Reject({response.Data(), response.Length()});
  }
  return info.Env().Undefined();
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
