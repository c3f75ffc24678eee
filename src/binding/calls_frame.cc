#include "binding/calls.h"
#include "protocol/frame.h"
#include "protocol/mask.h"
#include "protocol/utf8.h"

namespace wsuv {
namespace {

/// frameHeader(flags, length, key): the header of a frame as a Buffer. The low byte of `flags` is
/// that of the frame; `key` is four bytes, or undefined for an unmasked frame.
Napi::Value EncodeHeader(const Napi::CallbackInfo& info) {
  const uint32_t flags = info[0].ToNumber();
  const ByteView key = BytesAt(info, 2);
  FrameHeader header;
  header.opcode = static_cast<Opcode>(flags & 0x0F);
  header.fin = (flags & 0x80) != 0;
  header.rsv1 = (flags & 0x40) != 0;
  if (key.size == 4) header.masking_key = key.data;
  uint8_t bytes[kMaxFrameHeaderSize];
  const auto length = static_cast<uint64_t>(info[1].ToNumber().Int64Value());
  const size_t size = EncodeFrameHeader(header, length, bytes);
  return Napi::Buffer<uint8_t>::Copy(info.Env(), bytes, size);
}

/// masked(payload, key): a masked copy.
Napi::Value Masked(const Napi::CallbackInfo& info) {
  const ByteView payload = BytesAt(info, 0);
  const ByteView key = BytesAt(info, 1);
  Napi::Buffer<uint8_t> copy = Napi::Buffer<uint8_t>::New(info.Env(), payload.size);
  if (payload.size > 0 && key.size == 4) {
    MaskingKey(key.data).Apply(copy.Data(), payload.data, payload.size);
  }
  return copy;
}

// A reader that belongs to a JavaScript object, and not to a connection.
struct Reader {
  explicit Reader(Role role) : reader(role) {}

  MessageReader reader;
  Settings settings;
};

// Makes JavaScript's values of what a reader finds: a flat list, four values an event.
class ListSink final : public MessageSink {
 public:
  ListSink(Napi::Env env, Napi::Array list) : env_(env), list_(list) {}

  Flow OnMessage(const Message& message) override {
    Napi::Value ends = env_.Undefined();
    if (message.fragment_ends != nullptr) {
      Napi::Array array = Napi::Array::New(env_, message.fragment_ends->size());
      uint32_t index = 0;
      for (const size_t end : *message.fragment_ends) {
        array.Set(index++, static_cast<double>(end));
      }
      ends = array;
    }
    Add(message.binary ? EventKind::kBinary : EventKind::kText, Bytes(message.data),
        message.compressed ? 1 : 0, ends);
    // It has to be inflated before what follows it is looked at.
    return message.compressed ? Flow::kStop : Flow::kContinue;
  }
  Flow OnPing(ByteView payload) override {
    Add(EventKind::kPing, Bytes(payload), 0, env_.Undefined());
    return Flow::kContinue;
  }
  Flow OnPong(ByteView payload) override {
    Add(EventKind::kPong, Bytes(payload), 0, env_.Undefined());
    return Flow::kContinue;
  }
  void OnClose(uint16_t code, ByteView reason) override {
    Add(EventKind::kPeerClose, Bytes(reason), code, env_.Undefined());
  }
  void OnError(ErrorCode code, uint32_t detail) override {
    Add(EventKind::kProtocolError, Napi::Number::New(env_, detail), static_cast<uint32_t>(code),
        env_.Undefined());
  }

 private:
  Napi::Value Bytes(ByteView bytes) {
    return Napi::Buffer<uint8_t>::Copy(env_, bytes.data, bytes.size);
  }
  void Add(EventKind kind, Napi::Value value, uint32_t detail, Napi::Value ends) {
    list_.Set(length_++, static_cast<uint32_t>(kind));
    list_.Set(length_++, value);
    list_.Set(length_++, detail);
    list_.Set(length_++, ends);
  }

  Napi::Env env_;
  Napi::Array list_;
  uint32_t length_ = 0;
};

/// isUtf8(bytes): whether they are UTF-8.
Napi::Value IsUtf8(const Napi::CallbackInfo& info) {
  const ByteView bytes = BytesAt(info, 0);
  Utf8Validator validator;
  return Napi::Boolean::New(info.Env(),
                            validator.Push(bytes.data, bytes.size) && validator.IsComplete());
}

/// createReader(settings, isServer, mayBeCompressed): an external for readFrames.
Napi::Value CreateReader(const Napi::CallbackInfo& info) {
  auto* reader = new Reader(info[1].ToBoolean() ? Role::kServer : Role::kClient);
  reader->settings = SettingsAt(info, 0);
  reader->reader.set_rsv1_allowed(info[2].ToBoolean());
  return Napi::External<Reader>::New(info.Env(), reader,
                                     [](Napi::Env, Reader* held) { delete held; });
}

/// readFrames(reader, chunk, list): parses a chunk, which is unmasked in place. Appends to the
/// empty list for each event: its kind (see event_ring.h), the bytes (of an error: the number in
/// its sentence), a detail (1 for a compressed message, the close code, or the ErrorCode), and the
/// ends of a message's fragments. Returns how many bytes of the chunk it took; what follows a
/// compressed message is left.
Napi::Value ReadFrames(const Napi::CallbackInfo& info) {
  Reader* reader = info[0].As<Napi::External<Reader>>().Data();
  const ByteView chunk = BytesAt(info, 1);
  ListSink sink(info.Env(), info[2].As<Napi::Array>());
  const Progress progress = reader->reader.Read(const_cast<uint8_t*>(chunk.data), chunk.size,
                                                reader->settings->limits, sink);
  return Napi::Number::New(info.Env(), static_cast<double>(progress.used));
}

}  // namespace

void DefineFrameCalls(Napi::Env, Napi::Object exports) {
  Define<EncodeHeader>(exports, "frameHeader");
  Define<Masked>(exports, "masked");
  Define<IsUtf8>(exports, "isUtf8");
  Define<CreateReader>(exports, "createReader");
  Define<ReadFrames>(exports, "readFrames");
}

}  // namespace wsuv
