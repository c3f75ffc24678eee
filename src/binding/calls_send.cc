#include <cstring>

#include "binding/calls.h"
#include "binding/seam.h"
#include "binding/utf8_text.h"
#include "protocol/frame.h"

namespace wsuv {
namespace {

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

void ThrowMemory(napi_env env) {
  napi_throw_range_error(env, "ERR_MEMORY_ALLOCATION_FAILED", "There is no memory for the text");
}

// The hot calls use the C interface, which saves the wrappers' checks.

// The connection with a handle; null where there is none.
Connection* FindOf(void* environment, napi_env env, napi_value value) {
  uint32_t handle = 0;
  napi_get_value_uint32(env, value, &handle);
  return FindGiven(static_cast<Environment*>(environment), handle);
}

// The bytes of a Uint8Array; for anything else it throws, and returns false.
bool DataOf(napi_env env, napi_value value, ByteView* bytes) {
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(env, value, nullptr, &size, &data, nullptr, nullptr) != napi_ok) {
    // A Proxy of a Uint8Array, for example, which is an instance of it.
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "The data to send must be a Uint8Array");
    return false;
  }
  if (data != nullptr) *bytes = ByteView(static_cast<uint8_t*>(data), size);
  return true;
}

void SendWhole(Connection* connection, Opcode opcode, ByteView payload) {
  FrameHeader header;
  header.opcode = opcode;
  uint8_t key[4];
  if (connection->reader().role() == Role::kClient) {
    connection->loop().NextMaskingKey(key);
    header.masking_key = key;
  }
  connection->SendFrame(header, payload);
}

/// sendBinary(handle, data), sendTextBytes(handle, data): one frame with a whole message, as it is.
template <Opcode opcode>
napi_value SendMessage(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  Connection* connection = FindOf(environment, env, args[0]);
  ByteView payload;
  if (connection == nullptr || !DataOf(env, args[1], &payload)) return nullptr;
  SendWhole(connection, opcode, payload);
  return nullptr;
}

/// sendFew(handle, count | opcode << 8): the same for the first `count` bytes of the second half of
/// the context's `few`.
napi_value SendFew(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  uint32_t what = 0;
  napi_get_value_uint32(env, args[1], &what);
  const Opcode opcode =
      what >> 8 == static_cast<uint32_t>(Opcode::kText) ? Opcode::kText : Opcode::kBinary;
  Connection* connection = FindOf(environment, env, args[0]);
  const size_t size = what & 0xFF;
  if (connection == nullptr || size > kFewBytes) return nullptr;
  const uint8_t* bytes = Environment::ContextOf(*connection)->few_to_send();
  if (bytes != nullptr) SendWhole(connection, opcode, {bytes, size});
  return nullptr;
}

/// sendString(handle, string): the same with a string, as UTF-8.
napi_value SendString(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  Connection* connection = FindOf(environment, env, args[0]);
  if (connection == nullptr) return nullptr;
  const bool is_sent = WithUtf8(
      env, args[1], [connection](ByteView text) { SendWhole(connection, Opcode::kText, text); });
  if (!is_sent) ThrowMemory(env);
  return nullptr;
}

/// send(handle, data, flags[, key]): one frame; `data` is a Uint8Array, `key` one of four bytes.
napi_value Send(napi_env env, napi_callback_info info) {
  napi_value args[4];
  size_t count = 4;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  uint32_t flags = 0;
  napi_get_value_uint32(env, args[2], &flags);
  Connection* connection = FindOf(environment, env, args[0]);
  ByteView payload;
  if (connection == nullptr || !DataOf(env, args[1], &payload)) return nullptr;
  SendPayload(connection, flags, count < 4 ? nullptr : KeyOf(env, args[3]), payload);
  return nullptr;
}

/// sendText(handle, string, flags): the same with a string, as UTF-8.
napi_value SendText(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t count = 3;
  void* environment = nullptr;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  uint32_t flags = 0;
  napi_get_value_uint32(env, args[2], &flags);
  Connection* connection = FindOf(environment, env, args[0]);
  if (connection == nullptr) return nullptr;
  const bool is_sent = WithUtf8(env, args[1], [connection, flags](ByteView text) {
    SendPayload(connection, flags, nullptr, text);
  });
  if (!is_sent) ThrowMemory(env);
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

void DefineHot(Napi::Env env, Napi::Object exports, const char* name, napi_callback call) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, Environment::From(env), &function);
  exports.Set(name, function);
}

}  // namespace

void DefineSendCalls(Napi::Env env, Napi::Object exports) {
  DefineHot(env, exports, "sendBinary", SendMessage<Opcode::kBinary>);
  DefineHot(env, exports, "sendTextBytes", SendMessage<Opcode::kText>);
  DefineHot(env, exports, "sendFew", SendFew);
  DefineHot(env, exports, "sendString", SendString);
  DefineHot(env, exports, "send", Send);
  DefineHot(env, exports, "sendText", SendText);
  Define<SendFrames>(exports, "sendFrames");
  Define<SendLater>(exports, "sendLater");
}

}  // namespace wsuv
