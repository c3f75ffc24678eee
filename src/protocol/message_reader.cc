#include "protocol/message_reader.h"

#include <algorithm>
#include <cstring>

namespace wsuv {
namespace {

// The bookkeeping of fragments may cost this much beyond the payload limit.
constexpr uint64_t kFragmentAllowance = 256 * 1024;
// A payload of which this much has arrived is read straight into its message's memory.
constexpr size_t kDirectThreshold = 64 * 1024;
// Messages of this size are unmasked to the place where the sink wants them; below it, to unmask
// them in place and to copy them is as cheap.
constexpr size_t kPlaceThreshold = 512;

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv1 = 0x40;
constexpr uint8_t kRsv23 = 0x30;
constexpr uint8_t kMask = 0x80;

uint64_t ReadBigEndian(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

// Whether so many bytes of a header are one of the steps in which ws takes it in (two bytes, the
// extended length, the key), between which nothing counts as held.
bool EndsStep(const uint8_t* header, size_t have) {
  const uint8_t length = header[1] & 0x7F;
  return have == 2 || (length == 126 && have == 4) || (length == 127 && have == 10);
}

}  // namespace

MessageReader::Partial& MessageReader::EnsurePartial() {
  if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
  return *partial_;
}

size_t MessageReader::HeldBytes() const {
  if (partial_ == nullptr) return 0;
  return sizeof(Partial) + partial_->message.capacity() +
         partial_->fragment_ends.capacity() * sizeof(size_t);
}

void MessageReader::Stop() {
  ended_ = true;
  partial_.reset();
}

Flow MessageReader::Fail(MessageSink& sink, ErrorCode code, uint32_t detail) {
  Stop();
  sink.OnError(code, detail);
  return Flow::kStop;
}

size_t MessageReader::Read(uint8_t* data, size_t size, const ReaderLimits& limits,
                           MessageSink& sink) {
  if (ended_ || size == 0) return size;
  if (limits.max_buffered_chunks > 0 && held_chunks_ >= limits.max_buffered_chunks) {
    Fail(sink, ErrorCode::kTooManyBufferedChunks);
    return size;
  }
  uint32_t held_before = held_chunks_;
  bool is_step = false;
  size_t at = 0;
  while (at < size) {
    if (!in_payload_ && header_have_ == 0 && fragmented_ == Opcode::kContinuation) {
      Flow flow = Flow::kContinue;
      at += ReadWholeMessages(data + at, size - at, limits, sink, &flow);
      if (ended_) return size;
      if (at == size || flow == Flow::kStop) break;
    }
    if (!in_payload_) {
      Parse parse;
      size_t header_size;
      if (header_have_ == 0) {
        // Mostly, the header lies whole in what was read.
        parse = ParseHeader(data + at, size - at, limits, sink);
        header_size = header_have_;
        if (parse == Parse::kIncomplete) {
          header_size = size - at;
          std::memcpy(EnsurePartial().header, data + at, header_size);
          held_before = 0;
        }
      } else {
        // It came in pieces: take what is missing, byte by byte since each one can tell how many
        // more there are.
        const uint8_t have = header_have_;
        const bool is_first = fragmented_ == Opcode::kContinuation;
        partial_->header[have] = data[at];
        parse = ParseHeader(partial_->header, have + size_t{1}, limits, sink);
        header_size = 1;
        if (parse == Parse::kIncomplete) header_have_ = have + 1;
        // Nothing else is in it.
        if (parse == Parse::kComplete && is_first) partial_.reset();
      }
      if (parse == Parse::kFailed) return size;
      at += header_size;
      if (parse == Parse::kIncomplete) {
        if (header_have_ == 0) header_have_ = static_cast<uint8_t>(header_size);
        is_step = EndsStep(partial_->header, header_have_);
        if (is_step) held_before = 0;
        continue;
      }
      header_have_ = 0;
      held_before = 0;
      in_payload_ = true;
      if (payload_left_ > 0) continue;
    }
    Flow flow = Flow::kContinue;
    at += ReadPayload(data + at, size - at, limits, sink, &flow);
    if (!in_payload_) held_before = 0;
    if (ended_) return size;
    if (flow == Flow::kStop) break;
  }
  held_chunks_ = in_payload_ || (header_have_ > 0 && !is_step) ? held_before + 1 : 0;
  return at;
}

// Reads the messages at the beginning of `data` that are there whole, in one frame: most of what is
// read is nothing else, and needs none of the bookkeeping of frames that come in pieces. Leaves
// everything unusual, and every error, to ParseHeader(). (A message of 20 bytes takes 150
// instructions instead of 310.)
size_t MessageReader::ReadWholeMessages(uint8_t* data, size_t size, const ReaderLimits& limits,
                                        MessageSink& sink, Flow* flow) {
  const size_t key_bytes = role_ == Role::kServer ? 4 : 0;
  const uint8_t mask_bit = role_ == Role::kServer ? kMask : 0;
  const uint64_t max_length = limits.max_payload > 0
                                  ? std::min<uint64_t>(limits.max_payload, kMaxPlacedMessage)
                                  : kMaxPlacedMessage;
  size_t at = 0;
  while (*flow == Flow::kContinue && !ended_ && size - at >= 4) {
    const uint8_t* header = data + at;
    const auto opcode = static_cast<Opcode>(header[0] & ~kFin);
    if ((header[0] & kFin) == 0 || (header[1] & kMask) != mask_bit ||
        (opcode != Opcode::kText && opcode != Opcode::kBinary)) {
      break;
    }
    size_t header_size = 2 + key_bytes;
    size_t length = header[1] & 0x7F;
    if (length == 126) {
      length = static_cast<size_t>(header[2] << 8 | header[3]);
      header_size += 2;
    } else if (length == 127) {
      break;
    }
    if (length > max_length || size - at < header_size + length) break;
    uint8_t* payload = data + at + header_size;
    if (key_bytes > 0) key_ = MaskingKey(payload - key_bytes);
    opcode_ = opcode;
    at += header_size + length;
    *flow = FinishWhole(payload, length, limits, sink);
  }
  return at;
}

bool MessageReader::CheckFirstBytes(const uint8_t* bytes, MessageSink& sink) {
  const bool rsv1 = (bytes[0] & kRsv1) != 0;
  const bool fin = (bytes[0] & kFin) != 0;
  const uint8_t opcode = bytes[0] & 0x0F;
  const uint8_t length = bytes[1] & 0x7F;
  const bool masked = (bytes[1] & kMask) != 0;

  // RFC 6455 5.2: reserved bits must be zero unless an extension says otherwise.
  if ((bytes[0] & kRsv23) != 0) return Fail(sink, ErrorCode::kUnexpectedRsv23) == Flow::kContinue;
  if (rsv1 && !rsv1_allowed_) return Fail(sink, ErrorCode::kUnexpectedRsv1) == Flow::kContinue;

  if (opcode == 0) {
    // RFC 7692 6.1: RSV1 is for the first frame of a message.
    if (rsv1) return Fail(sink, ErrorCode::kUnexpectedRsv1) == Flow::kContinue;
    if (fragmented_ == Opcode::kContinuation) {
      return Fail(sink, ErrorCode::kInvalidOpcode, opcode) == Flow::kContinue;
    }
  } else if (opcode <= 2) {
    // RFC 6455 5.4: the fragments of one message may not be mixed with those of another.
    if (fragmented_ != Opcode::kContinuation) {
      return Fail(sink, ErrorCode::kInvalidOpcode, opcode) == Flow::kContinue;
    }
  } else if (opcode >= 8 && opcode <= 10) {
    // RFC 6455 5.5: control frames are short and not fragmented; a close code has two bytes.
    if (!fin) return Fail(sink, ErrorCode::kExpectedFin) == Flow::kContinue;
    if (rsv1) return Fail(sink, ErrorCode::kUnexpectedRsv1) == Flow::kContinue;
    if (length > kMaxControlPayload || (opcode == 8 && length == 1)) {
      return Fail(sink, ErrorCode::kInvalidControlPayloadLength, length) == Flow::kContinue;
    }
  } else {
    return Fail(sink, ErrorCode::kInvalidOpcode, opcode) == Flow::kContinue;
  }
  // RFC 6455 5.1.
  if (role_ == Role::kServer && !masked) {
    return Fail(sink, ErrorCode::kExpectedMask) == Flow::kContinue;
  }
  if (role_ == Role::kClient && masked) {
    return Fail(sink, ErrorCode::kUnexpectedMask) == Flow::kContinue;
  }
  return true;
}

bool MessageReader::CheckLength(uint64_t length, Opcode opcode, const ReaderLimits& limits,
                                MessageSink& sink) {
  if (IsControl(opcode)) return true;
  if (limits.max_payload > 0 && length > limits.max_payload - message_length_) {
    Fail(sink, ErrorCode::kUnsupportedMessageLength);
    return false;
  }
  if (limits.max_fragments > 0 && fragments_ >= limits.max_fragments) {
    Fail(sink, ErrorCode::kTooManyFragments);
    return false;
  }
  // What we note about fragments counts as held too, so that tiny ones cannot multiply the limit.
  if (limits.max_payload > 0 && partial_ != nullptr &&
      partial_->fragment_ends.size() * sizeof(size_t) * 2 >
          kFragmentAllowance + (limits.max_payload - message_length_)) {
    Fail(sink, ErrorCode::kTooManyFragments);
    return false;
  }
  return true;
}

// Checks and takes in as much of a header as is there. On kComplete header_have_ is its size.
MessageReader::Parse MessageReader::ParseHeader(const uint8_t* bytes, size_t have,
                                                const ReaderLimits& limits, MessageSink& sink) {
  if (have < 2) return Parse::kIncomplete;
  // In pieces this is repeated for every byte; it changes nothing, so that does no harm.
  if (!CheckFirstBytes(bytes, sink)) return Parse::kFailed;

  const uint8_t opcode_bits = bytes[0] & 0x0F;
  const bool continues = opcode_bits == 0;
  const Opcode opcode = continues ? fragmented_ : static_cast<Opcode>(opcode_bits);
  const size_t length_bytes = (bytes[1] & 0x7F) == 126 ? 2 : (bytes[1] & 0x7F) == 127 ? 8 : 0;
  const size_t key_bytes = role_ == Role::kServer ? 4 : 0;
  if (have < 2 + length_bytes) return Parse::kIncomplete;

  uint64_t length = bytes[1] & 0x7F;
  if (length_bytes > 0) {
    // ws accepts a length in a longer form than it needs, and so do we.
    length = ReadBigEndian(bytes + 2, length_bytes);
    if (length > (uint64_t{1} << 53) - 1) {
      Fail(sink, ErrorCode::kUnsupportedDataPayloadLength);
      return Parse::kFailed;
    }
  }
  if (!CheckLength(length, opcode, limits, sink)) return Parse::kFailed;
  const size_t header_size = 2 + length_bytes + key_bytes;
  if (have < header_size) return Parse::kIncomplete;

  if (key_bytes > 0) key_ = MaskingKey(bytes + 2 + length_bytes);
  opcode_ = opcode;
  fin_ = (bytes[0] & kFin) != 0;
  payload_length_ = payload_left_ = length;
  if (!IsControl(opcode)) {
    if (!continues) compressed_ = (bytes[0] & kRsv1) != 0;
    if (!fin_) fragmented_ = opcode;
    message_length_ += length;
    fragments_++;
  }
  header_have_ = static_cast<uint8_t>(header_size);
  return Parse::kComplete;
}

size_t MessageReader::ReadPayload(uint8_t* data, size_t size, const ReaderLimits& limits,
                                  MessageSink& sink, Flow* flow) {
  const size_t take = static_cast<size_t>(std::min<uint64_t>(payload_left_, size));
  const bool whole = take == payload_length_;
  if (IsControl(opcode_)) {
    if (take > 0) key_.Apply(data, data, take);
    payload_left_ -= take;
    if (whole) {
      in_payload_ = false;
      *flow = FinishControl({data, take}, limits, sink);
      return take;
    }
    Partial& partial = EnsurePartial();
    std::memcpy(partial.control + partial.control_size, data, take);
    partial.control_size = static_cast<uint8_t>(partial.control_size + take);
    if (payload_left_ == 0) {
      in_payload_ = false;
      const size_t control_size = partial.control_size;
      partial.control_size = 0;
      *flow = FinishControl({partial.control, control_size}, limits, sink);
      if (fragmented_ == Opcode::kContinuation) partial_.reset();
    }
    return take;
  }
  if (whole && fin_ && fragments_ == 1 && (take <= kMaxPlacedMessage || compressed_)) {
    payload_left_ = 0;
    in_payload_ = false;
    *flow = FinishWhole(data, take, limits, sink);
    return take;
  }
  if (take > 0 && !AppendData(data, take, limits, sink)) return take;
  if (payload_left_ == 0) {
    in_payload_ = false;
    *flow = FinishDataFrame(limits, sink);
  }
  return take;
}

Flow MessageReader::FinishControl(ByteView payload, const ReaderLimits& limits, MessageSink& sink) {
  if (opcode_ == Opcode::kPing) return sink.OnPing(payload);
  if (opcode_ == Opcode::kPong) return sink.OnPong(payload);
  if (payload.size == 0) {
    ended_ = true;
    sink.OnClose(kNoCloseCode, {});
    return Flow::kStop;
  }
  const uint16_t code = static_cast<uint16_t>(payload.data[0] << 8 | payload.data[1]);
  if (!IsValidCloseCode(code)) return Fail(sink, ErrorCode::kInvalidCloseCode, code);
  const ByteView reason(payload.data + 2, payload.size - 2);
  if (!limits.skip_utf8_validation) {
    Utf8Validator validator;
    if (!validator.Push(reason.data, reason.size) || !validator.IsComplete()) {
      return Fail(sink, ErrorCode::kInvalidUtf8);
    }
  }
  ended_ = true;
  sink.OnClose(code, reason);
  return Flow::kStop;
}

bool MessageReader::CheckText(const uint8_t* data, size_t size, const ReaderLimits& limits,
                              MessageSink& sink) {
  if (opcode_ != Opcode::kText || limits.skip_utf8_validation || compressed_) return true;
  if (utf8_.Push(data, size)) return true;
  Fail(sink, ErrorCode::kInvalidUtf8);
  return false;
}

// A message in one frame that was read whole, and is still masked.
Flow MessageReader::FinishWhole(uint8_t* payload, size_t size, const ReaderLimits& limits,
                                MessageSink& sink) {
  uint8_t* place = size >= kPlaceThreshold && !compressed_ ? sink.Place(size) : nullptr;
  if (place == nullptr) place = payload;
  key_.Apply(place, payload, size);
  if (!CheckText(place, size, limits, sink)) return Flow::kStop;
  if (!utf8_.IsComplete()) return Fail(sink, ErrorCode::kInvalidUtf8);
  Message message;
  message.binary = opcode_ == Opcode::kBinary;
  message.compressed = compressed_;
  message.ascii =
      !message.binary && !limits.skip_utf8_validation && !compressed_ && utf8_.IsAscii();
  message.data = {place, size};
  EndMessage();
  return sink.OnMessage(message);
}

// The most that the current message can come to, as far as is known: growing by doubling stops
// there.
uint64_t MessageReader::Ceiling(const ReaderLimits& limits) const {
  if (fin_) return message_length_;
  return limits.max_payload > 0 ? limits.max_payload : UINT64_MAX;
}

// Once half of a message is there, so that no more is allocated than twice what came, the rest goes
// where the sink wants it.
void MessageReader::Settle(size_t more, MessageSink& sink) {
  MessageBuffer& buffer = partial_->message;
  const auto length = static_cast<size_t>(message_length_);
  if (!fin_ || compressed_ || buffer.has_memory() || length <= kMaxPlacedMessage ||
      length != message_length_ || buffer.size() + more < length / 2) {
    return;
  }
  std::unique_ptr<MessageMemory> memory = sink.Allocate(length);
  if (memory != nullptr) buffer.MoveTo(std::move(memory));
}

bool MessageReader::AppendData(uint8_t* data, size_t size, const ReaderLimits& limits,
                               MessageSink& sink) {
  MessageBuffer& buffer = EnsurePartial().message;
  Settle(size, sink);
  if (!buffer.Reserve(size, Ceiling(limits))) {
    Fail(sink, ErrorCode::kUnsupportedMessageLength);
    return false;
  }
  uint8_t* target = buffer.data() + buffer.size();
  key_.Apply(target, data, size);
  buffer.Commit(size);
  payload_left_ -= size;
  return CheckText(target, size, limits, sink);
}

Flow MessageReader::FinishDataFrame(const ReaderLimits& limits, MessageSink& sink) {
  Partial& partial = EnsurePartial();
  if (payload_length_ > 0 && (!fin_ || !partial.fragment_ends.empty())) {
    partial.fragment_ends.push_back(partial.message.size());
  }
  if (!fin_) return Flow::kContinue;
  if (!utf8_.IsComplete()) return Fail(sink, ErrorCode::kInvalidUtf8);

  // The message owns its memory from here on: the sink may call anything.
  const std::unique_ptr<Partial> owned = std::move(partial_);
  Message message;
  message.binary = opcode_ == Opcode::kBinary;
  message.compressed = compressed_;
  message.ascii =
      !message.binary && !limits.skip_utf8_validation && !compressed_ && utf8_.IsAscii();
  message.data = {owned->message.data(), owned->message.size()};
  message.buffer = &owned->message;
  if (owned->fragment_ends.size() > 1) message.fragment_ends = &owned->fragment_ends;
  EndMessage();
  return sink.OnMessage(message);
}

void MessageReader::EndMessage() {
  message_length_ = 0;
  fragments_ = 0;
  fragmented_ = Opcode::kContinuation;
  compressed_ = false;
  utf8_.Reset();
}

MessageReader::Window MessageReader::DirectWindow(const ReaderLimits& limits) {
  if (ended_ || !in_payload_ || partial_ == nullptr || IsControl(opcode_)) return {};
  MessageBuffer& buffer = partial_->message;
  if (buffer.size() < kDirectThreshold || payload_left_ < kDirectThreshold) return {};
  if (limits.max_buffered_chunks > 0 && held_chunks_ >= limits.max_buffered_chunks) return {};
  if (!buffer.Reserve(kDirectThreshold, Ceiling(limits))) return {};
  const size_t room = buffer.capacity() - buffer.size();
  return {buffer.data() + buffer.size(),
          static_cast<size_t>(std::min<uint64_t>(room, payload_left_))};
}

void MessageReader::ReadDirect(size_t size, const ReaderLimits& limits, MessageSink& sink) {
  MessageBuffer& buffer = partial_->message;
  uint8_t* data = buffer.data() + buffer.size();
  key_.Apply(data, data, size);
  buffer.Commit(size);
  payload_left_ -= size;
  held_chunks_++;
  if (!CheckText(data, size, limits, sink)) return;
  if (payload_left_ == 0) {
    in_payload_ = false;
    held_chunks_ = 0;
    FinishDataFrame(limits, sink);
  }
}

}  // namespace wsuv
