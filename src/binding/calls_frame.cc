#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "binding/calls.h"
#include "binding/seam.h"
#include "protocol/frame.h"
#include "protocol/mask.h"
#include "protocol/message_reader.h"
#include "protocol/plain_list.h"
#include "protocol/utf8.h"

namespace wsuv {
namespace {

// A reader that belongs to a JavaScript object, and not to a connection.
struct Reader {
  explicit Reader(Role role) : reader(role) {}

  MessageReader reader;
  Settings settings;
};

}  // namespace

template <>
const napi_type_tag& TagOf<Reader>() {
  static const napi_type_tag tag = {0x94d2f06b3c7a15e8, 0x60b7e92d5841cf3a};
  return tag;
}

namespace {

/// frameHeader(flags, length, key): the header of a frame as a Buffer. The low byte of `flags` is
/// that of the frame; `key` is four bytes, or undefined for an unmasked frame.
Napi::Value EncodeHeader(const Napi::CallbackInfo& info) {
  uint32_t flags = 0;
  int64_t length = 0;
  napi_get_value_uint32(info.Env(), info[0], &flags);
  napi_get_value_int64(info.Env(), info[1], &length);
  const ByteView key = BytesAt(info, 2);
  FrameHeader header;
  header.opcode = static_cast<Opcode>(flags & kSendOpcode);
  header.fin = (flags & kSendFin) != 0;
  header.rsv1 = (flags & kSendRsv1) != 0;
  if (key.size == 4) header.masking_key = key.data;
  uint8_t bytes[kMaxFrameHeaderSize];
  const size_t size =
      EncodeFrameHeader(header, length > 0 ? static_cast<uint64_t>(length) : 0, bytes);
  return Napi::Buffer<uint8_t>::Copy(info.Env(), bytes, size);
}

/// masked(payload, key): a masked copy.
Napi::Value Masked(const Napi::CallbackInfo& info) {
  const ByteView payload = BytesAt(info, 0);
  const ByteView key = BytesAt(info, 1);
  // Nothing of JavaScript's runs while it is made.
  Napi::Buffer<uint8_t> copy = Napi::Buffer<uint8_t>::New(info.Env(), payload.size);
  if (payload.size > 0 && key.size == 4 && copy.Data() != nullptr) {
    MaskingKey(key.data).Apply(copy.Data(), payload.data, payload.size);
  }
  return copy;
}

// Keeps what a reader finds in a chunk, until it is handed to JavaScript as one piece of memory.
// Nothing of JavaScript's is touched before that, so none of it can run meanwhile.
class RecordSink final : public MessageSink {
 public:
  RecordSink(MessageReader* reader, ByteView chunk) : reader_(reader), chunk_(chunk) {
    // So that an error can always be told. Where there is not even so little, nothing works.
    if (!numbers_.Reserve(kNumbers)) std::abort();
  }
  // One by one: a chain of destructors would be as deep as there are payloads.
  ~RecordSink() {
    while (kept_ != nullptr) kept_ = std::move(kept_->next);
  }

  Flow OnMessage(const Message& message) override {
    Add(message.binary ? EventKind::kBinary : EventKind::kText, message.compressed ? 1 : 0,
        message.data, message.buffer, message.fragment_ends);
    // It has to be inflated before what follows it is looked at.
    return message.compressed ? Flow::kStop : Flow::kContinue;
  }
  Flow OnPing(ByteView payload) override {
    Add(EventKind::kPing, 0, payload);
    return Flow::kContinue;
  }
  Flow OnPong(ByteView payload) override {
    Add(EventKind::kPong, 0, payload);
    return Flow::kContinue;
  }
  void OnClose(uint16_t code, ByteView reason) override {
    Add(EventKind::kPeerClose, code, reason);
  }
  void OnError(ErrorCode code, uint32_t detail) override {
    // Room for one is always left.
    AddNumbers(EventKind::kProtocolError, static_cast<double>(code), detail, 0, 0);
  }

  /// See readFrames.
  Napi::Value Take(Napi::Env env, size_t used) {
    const size_t front = (2 + numbers_.size()) * sizeof(double);
    Napi::ArrayBuffer result = Napi::ArrayBuffer::New(env, front + payload_size_);
    auto* bytes = static_cast<uint8_t*>(result.Data());
    if (bytes == nullptr) return env.Undefined();
    const double counts[] = {static_cast<double>(used), static_cast<double>(numbers_.size())};
    std::memcpy(bytes, counts, sizeof(counts));
    if (numbers_.size() > 0) {
      std::memcpy(bytes + sizeof(counts), numbers_.begin(), numbers_.size() * sizeof(double));
    }
    bytes += front;
    for (const ByteView payload : payloads_) {
      std::memcpy(bytes, payload.data, payload.size);
      bytes += payload.size;
    }
    return result;
  }

 private:
  // The numbers of an event, without the ends of fragments.
  static constexpr size_t kNumbers = 5;

  // A payload that the reader does not keep.
  struct Kept {
    MessageBuffer buffer;
    std::unique_ptr<Kept> next;
  };

  void Add(EventKind kind, uint32_t detail, ByteView payload, MessageBuffer* buffer = nullptr,
           const OffsetList* ends = nullptr) {
    const size_t end_count = ends == nullptr ? 0 : ends->size();
    const bool in_chunk = payload.data >= chunk_.data && payload.data < chunk_.data + chunk_.size;
    // And one more, for an error.
    if (!numbers_.Reserve(2 * kNumbers + end_count) || !payloads_.Reserve(1) ||
        (payload.size > 0 && !in_chunk && !Keep(&payload, buffer))) {
      reader_->Stop();
      OnError(ErrorCode::kOutOfMemory, 0);
      return;
    }
    AddNumbers(kind, detail, static_cast<double>(payload_size_), static_cast<double>(payload.size),
               static_cast<double>(end_count));
    for (size_t i = 0; i < end_count; i++) numbers_.Append(static_cast<double>((*ends)[i]));
    if (payload.size > 0) payloads_.Append(payload);
    payload_size_ += payload.size;
  }

  void AddNumbers(EventKind kind, double detail, double begin, double size, double ends) {
    for (const double number : {static_cast<double>(kind), detail, begin, size, ends}) {
      numbers_.Append(number);
    }
  }

  // Makes the payload ours where it lies in memory that lasts only as long as a call.
  bool Keep(ByteView* payload, MessageBuffer* buffer) {
    std::unique_ptr<Kept> kept(new (std::nothrow) Kept());
    if (kept == nullptr) return false;
    MessageBuffer& own = kept->buffer;
    if (buffer != nullptr) {
      own = std::move(*buffer);
    } else {
      if (!own.Reserve(payload->size, payload->size)) return false;
      std::memcpy(own.data(), payload->data, payload->size);
      own.Commit(payload->size);
    }
    payload->data = own.data();
    kept->next = std::move(kept_);
    kept_ = std::move(kept);
    return true;
  }

  MessageReader* reader_;
  ByteView chunk_;
  PlainList<double> numbers_;
  PlainList<ByteView> payloads_;
  std::unique_ptr<Kept> kept_;
  size_t payload_size_ = 0;
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
  Settings settings = SettingsAt(info, 0);
  if (settings == nullptr) {
    Napi::TypeError::New(info.Env(), "settings are needed").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  auto reader = std::make_unique<Reader>(FlagAt(info, 1) ? Role::kServer : Role::kClient);
  reader->settings = std::move(settings);
  reader->reader.set_rsv1_allowed(FlagAt(info, 2));
  return MakeHeld(info.Env(), std::move(reader));
}

/// readFrames(reader, chunk): parses a chunk, which is unmasked in place. Returns an ArrayBuffer:
/// doubles, and behind them the payloads. The doubles are the number of bytes that it took of the
/// chunk (what follows a compressed message is left), how many doubles follow, and for each event
/// its kind (see seam.h), a detail (1 for a compressed message, the close code, or the
/// ErrorCode), where its payload begins behind the doubles (of an error: the number in its
/// sentence), its size, and the number of fragment ends, which follow.
Napi::Value ReadFrames(const Napi::CallbackInfo& info) {
  Reader* reader = HeldAt<Reader>(info, 0);
  if (reader == nullptr) return info.Env().Undefined();
  const ByteView chunk = BytesAt(info, 1);
  RecordSink sink(&reader->reader, chunk);
  // A Receiver has whole messages only.
  ReaderLimits limits = reader->settings->limits;
  limits.stream_threshold = 0;
  const Progress progress =
      reader->reader.Read(const_cast<uint8_t*>(chunk.data), chunk.size, limits, sink);
  return sink.Take(info.Env(), progress.used);
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
