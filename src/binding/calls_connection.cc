#include <algorithm>
#include <cstring>

#include "binding/calls.h"
#include "binding/seam.h"
#include "protocol/frame.h"
#include "transport/listener.h"

namespace wsuv {
namespace {

// Strings of up to this many UTF-16 code units are encoded on the stack.
constexpr size_t kStackText = 1024;

FrameHeader HeaderOf(uint32_t flags) {
  FrameHeader header;
  header.opcode = static_cast<Opcode>(flags & kSendOpcode);
  header.fin = (flags & kSendFin) != 0;
  header.rsv1 = (flags & kSendRsv1) != 0;
  return header;
}

// The masking key for a frame: the user's, or a random one.
void FillMaskingKey(Connection* connection, const uint8_t* given_key, uint8_t* key) {
  if (given_key != nullptr) {
    std::memcpy(key, given_key, 4);
  } else {
    connection->loop().NextMaskingKey(key);
  }
}

// The most bytes that a frame may have; whatever is no positive number is no limit.
size_t MostAt(const Napi::CallbackInfo& info, size_t index) {
  const double most = NumberAt(info, index);
  return most >= 1 && most < 9e15 ? static_cast<size_t>(most) : SIZE_MAX;
}

void SendPayload(Connection* connection, uint32_t flags, const uint8_t* given_key,
                 ByteView payload) {
  FrameHeader header = HeaderOf(flags);
  uint8_t key[4];
  if ((flags & kSendMask) != 0) {
    FillMaskingKey(connection, given_key, key);
    header.masking_key = key;
  }
  if ((flags & kSendCompress) == 0) {
    connection->SendFrame(header, payload);
  } else {
    connection->SendCompressed(header, payload);
  }
}

/// The four bytes that `value` may be; null where it is anything else.
const uint8_t* KeyOf(napi_env env, napi_value value) {
  void* key = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(env, value, nullptr, &size, &key, nullptr, nullptr) != napi_ok) {
    return nullptr;
  }
  return size == 4 ? static_cast<const uint8_t*>(key) : nullptr;
}

/// send(handle, data, flags[, key]): one frame; `data` is a Uint8Array, `key` one of four bytes.
/// This and sendText are the hot calls: they use the C interface, which saves the wrappers' checks.
napi_value Send(napi_env env, napi_callback_info info) {
  napi_value args[4];
  size_t count = 4;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  uint32_t handle = 0;
  uint32_t flags = 0;
  napi_get_value_uint32(env, args[0], &handle);
  napi_get_value_uint32(env, args[2], &flags);
  Connection* connection = static_cast<Environment*>(environment)->Find(handle);
  if (connection == nullptr) return nullptr;
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(env, args[1], nullptr, &size, &data, nullptr, nullptr) != napi_ok) {
    // A Proxy of a Uint8Array, for example, which is an instance of it.
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "The data to send must be a Uint8Array");
    return nullptr;
  }
  const uint8_t* key = count < 4 ? nullptr : KeyOf(env, args[3]);
  if (data == nullptr) size = 0;
  SendPayload(connection, flags, key, {static_cast<uint8_t*>(data), size});
  return nullptr;
}

/// sendText(handle, string, flags): the same with a string, as UTF-8; lone surrogates become
/// U+FFFD.
napi_value SendText(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t count = 3;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  uint32_t handle = 0;
  uint32_t flags = 0;
  napi_get_value_uint32(env, args[0], &handle);
  napi_get_value_uint32(env, args[2], &flags);
  Connection* connection = static_cast<Environment*>(environment)->Find(handle);
  if (connection == nullptr) return nullptr;
  // A code unit takes at most three bytes; a full buffer may have been cut short.
  char few[kStackText * 3 + 4];
  size_t size = 0;
  if (napi_get_value_string_utf8(env, args[1], few, sizeof(few), &size) != napi_ok) return nullptr;
  if (size < kStackText * 3) {
    SendPayload(connection, flags, nullptr, {reinterpret_cast<uint8_t*>(few), size});
    return nullptr;
  }
  napi_get_value_string_utf8(env, args[1], nullptr, 0, &size);
  std::unique_ptr<char[]> many(new char[size + 1]);
  napi_get_value_string_utf8(env, args[1], many.get(), size + 1, &size);
  SendPayload(connection, flags, nullptr, {reinterpret_cast<uint8_t*>(many.get()), size});
  return nullptr;
}

// Makes the header that a call like send() describes, and passes it on.
template <typename Send>
Napi::Value WithHeader(const Napi::CallbackInfo& info, Send send) {
  const auto flags = static_cast<uint32_t>(IntegerAt(info, 2));
  return WithConnection(info, [&info, flags, send](Connection& connection) {
    FrameHeader header = HeaderOf(flags);
    uint8_t key[4];
    if ((flags & kSendMask) != 0) {
      FillMaskingKey(&connection, KeyOf(info.Env(), info[3]), key);
      header.masking_key = key;
    }
    send(connection, header, (flags & kSendCompress) != 0);
  });
}

/// sendFrames(handle, data, flags, key, most): send() in frames whose payloads, compressed or not,
/// have at most `most` bytes. The key is the first one's.
Napi::Value SendFrames(const Napi::CallbackInfo& info) {
  return WithHeader(info, [&info](Connection& connection, const FrameHeader& header, bool packs) {
    const size_t most = MostAt(info, 4);
    const ByteView payload = BytesAt(info, 1);
    if (packs) {
      connection.SendCompressed(header, payload, most);
    } else {
      connection.SendFrames(header, payload, most);
    }
  });
}

/// sendLater(handle, data, flags, key, most): the same with the compression done by the thread
/// pool. A 'compressed' record follows; until then nothing else may be sent, but control frames.
Napi::Value SendLater(const Napi::CallbackInfo& info) {
  return WithHeader(info, [&info](Connection& connection, const FrameHeader& header, bool) {
    const size_t most = MostAt(info, 4);
    connection.SendLater(header, BytesAt(info, 1), most);
  });
}

/// useSettings(handle, settings): the limits for what is read from now on.
Napi::Value UseSettings(const Napi::CallbackInfo& info) {
  const Settings settings = SettingsAt(info, 1);
  return WithConnection(info, [&settings](Connection& connection) {
    if (settings != nullptr) connection.UseSettings(settings);
  });
}

/// useCompression(handle, compression): permessage-deflate was negotiated.
Napi::Value UseCompression(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    const CompressionHandle* held = HeldAt<CompressionHandle>(info, 1);
    if (held != nullptr) connection.UseCompression(*held);
  });
}

/// sendRaw(handle, bytes): bytes that are frames already, or that the user wrote to `_socket`.
Napi::Value SendRaw(const Napi::CallbackInfo& info) {
  return WithConnection(info,
                        [&info](Connection& connection) { connection.SendRaw(BytesAt(info, 1)); });
}

/// close(handle, code, reason): our closing handshake; code 1005 sends none.
Napi::Value Close(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.Close(static_cast<uint16_t>(IntegerAt(info, 1)), BytesAt(info, 2));
  });
}

/// reactToClose(handle, code, reason): the record of the peer's close frame was delivered.
Napi::Value ReactToClose(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.ReactToClose(static_cast<uint16_t>(IntegerAt(info, 1)), BytesAt(info, 2));
  });
}

/// reactToError(handle, error): the record of a protocol error was delivered.
Napi::Value ReactToError(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.ReactToError(static_cast<ErrorCode>(EnumeratorAt(info, 1, kErrorCodeCount)));
  });
}

/// reactToEnd(handle): the record of the peer's end was delivered.
Napi::Value ReactToEnd(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.ReactToEnd(); });
}

/// setNextMaskingKey(handle, key): four bytes for the close frame of a client.
Napi::Value SetNextMaskingKey(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  const ByteView key = BytesAt(info, 1);
  if (connection != nullptr && key.size == 4) connection->SetNextMaskingKey(key.data);
  return info.Env().Undefined();
}

/// endTransport(handle): ends our side when all is written, without a closing handshake.
Napi::Value EndTransport(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.EndTransport(); });
}

/// release(handle): lib/ has let go of the connection, whose end it has been told.
Napi::Value Release(const Napi::CallbackInfo& info) {
  uint32_t handle = 0;
  napi_get_value_uint32(info.Env(), info[0], &handle);
  Environment::From(info.Env())->ReleaseHandle(handle);
  return info.Env().Undefined();
}

/// wantText(handle): text messages of the connection will be read as strings.
Napi::Value WantText(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    Environment::From(info.Env())->SetWantsText(connection.id());
  });
}

Napi::Value Terminate(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.Terminate(); });
}

/// reset(handle): the same with a RST.
Napi::Value Reset(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.Reset(); });
}

/// tap(handle, on): whether 'raw' records are to come with all bytes that are read.
Napi::Value Tap(const Napi::CallbackInfo& info) {
  return WithConnection(
      info, [&info](Connection& connection) { connection.set_tapped(FlagAt(info, 1)); });
}

/// received(handle): bytes ever read.
Napi::Value Received(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  const uint64_t bytes = connection == nullptr ? 0 : connection->received();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

/// idleTime(handle): milliseconds since the last read or write, counted from the first call of it.
Napi::Value IdleTime(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  const uint64_t since = connection->LastActivity();
  return Napi::Number::New(info.Env(), static_cast<double>(Loop::Now() - since));
}

Napi::Value Pause(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.Pause(); });
}

Napi::Value Resume(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) {
    connection.Resume();
    Environment::ContextOf(connection)->Resumed(&connection);
  });
}

/// isHeld(handle): whether there is input that waits for the loop's next turn.
Napi::Value IsHeld(const Napi::CallbackInfo& info) {
  const Connection* connection = ConnectionAt(info, 0);
  return Napi::Boolean::New(info.Env(), connection != nullptr && connection->marked_held());
}

/// readHeld(handle): parses and delivers such input, as far as the budget goes, before it returns.
Napi::Value ReadHeld(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) {
    Context* context = Environment::ContextOf(connection);
    if (context->IsUnderWay(connection.id())) return;
    connection.ReadHeldNow();
    context->DeliverOf(&connection);
  });
}

/// enqueued(handle): bytes ever queued, frame headers included.
Napi::Value Enqueued(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  const uint64_t bytes = connection == nullptr ? 0 : connection->enqueued();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

/// flush(handle): offers what is queued to the kernel; returns the bytes that it ever took. With
/// true as second argument, one 'written' record follows when it takes more.
Napi::Value Flush(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  if (connection->transport() != Connection::Transport::kExternal) connection->Flush();
  if (FlagAt(info, 1)) connection->NotifyWritten();
  return Napi::Number::New(info.Env(), static_cast<double>(connection->written()));
}

/// cork(handle, on): whether nothing that is queued is written until further notice.
Napi::Value Cork(const Napi::CallbackInfo& info) {
  return WithConnection(info,
                        [&info](Connection& connection) { connection.SetCorked(FlagAt(info, 1)); });
}

/// setNoDelay(handle, on), setKeepAlive(handle, on, seconds), setRef(handle, on)
Napi::Value SetNoDelay(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr && connection->transport() == Connection::Transport::kTcp) {
    uv_tcp_nodelay(reinterpret_cast<uv_tcp_t*>(connection->stream()), FlagAt(info, 1));
  }
  return info.Env().Undefined();
}

Napi::Value SetKeepAlive(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr && connection->transport() == Connection::Transport::kTcp) {
    uv_tcp_keepalive(reinterpret_cast<uv_tcp_t*>(connection->stream()), FlagAt(info, 1),
                     static_cast<unsigned>(std::max(IntegerAt(info, 2), 1)));
  }
  return info.Env().Undefined();
}

Napi::Value SetRef(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr && connection->transport() != Connection::Transport::kExternal) {
    auto* handle = reinterpret_cast<uv_handle_t*>(connection->stream());
    if (FlagAt(info, 1)) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }
  return info.Env().Undefined();
}

/// stage(handle): one of seam.h's stages.
Napi::Value StageOf(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  int32_t stage = kStageOver;
  if (connection != nullptr && connection->stage() != Connection::Stage::kClosed) {
    stage = connection->stage() == Connection::Stage::kWebSocket ? kStageOpen : kStageUndecided;
  }
  return Napi::Number::New(info.Env(), stage);
}

/// fd(handle): the descriptor; -1 where there is none.
Napi::Value Fd(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  int fd = -1;
#ifndef _WIN32
  if (connection != nullptr && connection->transport() != Connection::Transport::kExternal &&
      connection->stage() != Connection::Stage::kClosed &&
      uv_fileno(reinterpret_cast<uv_handle_t*>(connection->stream()), &fd) != 0) {
    fd = -1;
  }
#endif
  return Napi::Number::New(info.Env(), fd);
}

/// listenerOf(handle): the id of the listener that has accepted the connection; 0 where there is
/// none.
Napi::Value ListenerOf(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  Listener* listener = connection == nullptr ? nullptr : connection->listener();
  return Napi::Number::New(info.Env(), listener == nullptr ? 0 : listener->id());
}

/// address(handle, remote): { address, family, port } of one end; undefined where there is none.
Napi::Value Address(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr || connection->transport() != Connection::Transport::kTcp) {
    return info.Env().Undefined();
  }
  const auto* tcp = reinterpret_cast<const uv_tcp_t*>(connection->stream());
  sockaddr_storage address = {};
  int size = sizeof(address);
  auto* const out = reinterpret_cast<sockaddr*>(&address);
  const int status =
      FlagAt(info, 1) ? uv_tcp_getpeername(tcp, out, &size) : uv_tcp_getsockname(tcp, out, &size);
  return status == 0 ? AddressObject(info.Env(), address) : info.Env().Undefined();
}

void DefineHot(Napi::Env env, Napi::Object exports, const char* name, napi_callback call) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, Environment::From(env), &function);
  exports.Set(name, function);
}

}  // namespace

void DefineConnectionCalls(Napi::Env env, Napi::Object exports) {
  DefineHot(env, exports, "send", Send);
  DefineHot(env, exports, "sendText", SendText);
  Define<SendFrames>(exports, "sendFrames");
  Define<SendLater>(exports, "sendLater");
  Define<UseSettings>(exports, "useSettings");
  Define<UseCompression>(exports, "useCompression");
  Define<SendRaw>(exports, "sendRaw");
  Define<Close>(exports, "close");
  Define<ReactToClose>(exports, "reactToClose");
  Define<ReactToError>(exports, "reactToError");
  Define<ReactToEnd>(exports, "reactToEnd");
  Define<SetNextMaskingKey>(exports, "setNextMaskingKey");
  Define<EndTransport>(exports, "endTransport");
  Define<Release>(exports, "release");
  Define<WantText>(exports, "wantText");
  Define<Terminate>(exports, "terminate");
  Define<Reset>(exports, "reset");
  Define<Tap>(exports, "tap");
  Define<Received>(exports, "received");
  Define<IdleTime>(exports, "idleTime");
  Define<Pause>(exports, "pause");
  Define<Resume>(exports, "resume");
  Define<IsHeld>(exports, "isHeld");
  Define<ReadHeld>(exports, "readHeld");
  Define<Enqueued>(exports, "enqueued");
  Define<Flush>(exports, "flush");
  Define<Cork>(exports, "cork");
  Define<SetNoDelay>(exports, "setNoDelay");
  Define<SetKeepAlive>(exports, "setKeepAlive");
  Define<SetRef>(exports, "setRef");
  Define<StageOf>(exports, "stage");
  Define<Fd>(exports, "fd");
  Define<ListenerOf>(exports, "listenerOf");
  Define<Address>(exports, "address");
}

}  // namespace wsuv
