#include "protocol/message_assembler.h"

#include <algorithm>
#include <utility>

#include "protocol/assert.h"
#include "protocol/message_stream.h"

namespace wsuv {
namespace {

// The bookkeeping of fragments may cost this much beyond the payload limit.
constexpr uint64_t kFragmentAllowance = 256 * 1024;
// The most fragments that are counted, and so the highest limit there is.
constexpr uint32_t kMaxFragments = (uint32_t{1} << 29) - 1;
// A payload of which this much has arrived is read straight into its message's memory.
constexpr size_t kDirectThreshold = 64 * 1024;

}  // namespace

UnfinishedMessage::Parts& UnfinishedMessage::EnsureParts() {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  return *parts_;
}

void UnfinishedMessage::Clear() {
  parts_.reset();
  ResetCounts();
}

size_t UnfinishedMessage::HeldBytes() const {
  if (parts_ == nullptr) return 0;
  return sizeof(Parts) + parts_->payload.capacity() +
         parts_->fragment_ends.capacity() * sizeof(size_t);
}

// The most that the message can come to, as far as is known: growing by doubling stops there.
uint64_t UnfinishedMessage::Ceiling(DataFrame frame, const ReaderLimits& limits) const {
  if (frame.fin) return length_;
  return limits.max_payload > 0 ? limits.max_payload : UINT64_MAX;
}

ReadWindow UnfinishedMessage::DirectWindow(DataFrame frame, uint64_t left,
                                           const ReaderLimits& limits) {
  if (parts_ == nullptr || left < kDirectThreshold) return {};
  MessageBuffer& buffer = parts_->payload;
  if (buffer.size() < kDirectThreshold) return {};
  if (!buffer.Reserve(kDirectThreshold, Ceiling(frame, limits))) return {};
  const size_t room = buffer.capacity() - buffer.size();
  return {buffer.data() + buffer.size(), static_cast<size_t>(std::min<uint64_t>(room, left))};
}

ErrorCode MessageAssembler::CheckLength(DataFrame frame, bool is_first, bool rsv1,
                                        uint64_t length) const {
  if (is_first ? MessageStream::Takes(frame, rsv1, length, limits_) : message_.is_streamed_) {
    return MessageStream(message_, limits_, sink_).CheckLength(rsv1, length);
  }
  if (limits_.max_payload > 0 && length > limits_.max_payload - message_.length_) {
    return ErrorCode::kUnsupportedMessageLength;
  }
  if (message_.fragments_ == kMaxFragments ||
      (limits_.max_fragments > 0 && message_.fragments_ >= limits_.max_fragments)) {
    return ErrorCode::kTooManyFragments;
  }
  // What we note about fragments counts as held too, so that tiny ones cannot multiply the limit.
  if (limits_.max_payload > 0 && message_.parts_ != nullptr &&
      message_.parts_->fragment_ends.size() * sizeof(size_t) * 2 >
          kFragmentAllowance + (limits_.max_payload - message_.length_)) {
    return ErrorCode::kTooManyFragments;
  }
  return ErrorCode::kNone;
}

void MessageAssembler::OnFrame(DataFrame frame, bool is_first, bool rsv1, uint64_t length) {
  if (is_first) {
    message_.is_compressed_ = rsv1;
    message_.is_streamed_ = MessageStream::Takes(frame, rsv1, length, limits_);
  }
  message_.length_ += length;
  // Those of a stream are not limited: it only matters whether there is more than one.
  if (message_.fragments_ < kMaxFragments) message_.fragments_++;
}

// Once half of a message is there, so that no more is allocated than twice what came, the rest goes
// where the sink wants it.
void MessageAssembler::Settle(DataFrame frame, size_t more) {
  MessageBuffer& buffer = message_.parts_->payload;
  const auto length = static_cast<size_t>(message_.length_);
  if (!frame.fin || message_.is_compressed_ || message_.parts_->is_settled ||
      length <= kMaxPlacedMessage || length != message_.length_ ||
      buffer.size() + more < length / 2) {
    return;
  }
  message_.parts_->is_settled = true;
  std::unique_ptr<MessageMemory> memory = sink_.Allocate(length);
  if (memory != nullptr) buffer.MoveTo(std::move(memory));
}

Verdict MessageAssembler::OnPayload(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key) {
  if (!message_.is_streamed_) return Hold(frame, data, *size, key);
  return MessageStream(message_, limits_, sink_).OnPayload(frame, data, size, key);
}

ErrorCode MessageAssembler::Hold(DataFrame frame, uint8_t* data, size_t size, MaskingKey& key) {
  MessageBuffer& buffer = message_.EnsureParts().payload;
  Settle(frame, size);
  if (!buffer.Reserve(size, message_.Ceiling(frame, limits_))) return ErrorCode::kOutOfMemory;
  uint8_t* target = buffer.data() + buffer.size();
  key.Apply(target, data, size);
  buffer.Commit(size);
  return CheckText(frame.opcode, target, size) ? ErrorCode::kNone : ErrorCode::kInvalidUtf8;
}

ErrorCode MessageAssembler::OnDirectPayload(DataFrame frame, size_t size, MaskingKey& key) {
  WSUV_ASSERT(message_.parts_ != nullptr);
  MessageBuffer& buffer = message_.parts_->payload;
  uint8_t* data = buffer.data() + buffer.size();
  key.Apply(data, data, size);
  buffer.Commit(size);
  if (!CheckText(frame.opcode, data, size)) return ErrorCode::kInvalidUtf8;
  Settle(frame, 0);
  return ErrorCode::kNone;
}

Verdict MessageAssembler::OnFrameEnd(DataFrame frame) {
  if (message_.is_streamed_) return MessageStream(message_, limits_, sink_).OnFrameEnd(frame);
  UnfinishedMessage::Parts& parts = message_.EnsureParts();
  OffsetList& ends = parts.fragment_ends;
  const size_t end = parts.payload.size();
  if (end > ends.last() && (!frame.fin || !ends.empty()) && !ends.Append(end)) {
    return ErrorCode::kOutOfMemory;
  }
  if (!frame.fin) return sink_.OnFragment();
  if (!message_.utf8_.IsComplete()) return ErrorCode::kInvalidUtf8;

  // The message owns its memory from here on: the sink may call anything.
  const std::unique_ptr<UnfinishedMessage::Parts> owned = std::move(message_.parts_);
  Message message = Describe(frame.opcode, {owned->payload.data(), owned->payload.size()});
  message.buffer = &owned->payload;
  if (owned->fragment_ends.size() > 1) message.fragment_ends = &owned->fragment_ends;
  message_.Clear();
  return sink_.OnMessage(message);
}

// Large messages get memory of their own.
Verdict MessageAssembler::OnLargeMessage(Opcode opcode, uint8_t* payload, size_t size,
                                         MaskingKey key) {
  const DataFrame frame{opcode, true};
  const ErrorCode error = Hold(frame, payload, size, key);
  return error == ErrorCode::kNone ? OnFrameEnd(frame) : error;
}

Verdict MessageAssembler::OnControl(Opcode opcode, ByteView payload) {
  if (opcode == Opcode::kPing) return sink_.OnPing(payload);
  if (opcode == Opcode::kPong) return sink_.OnPong(payload);
  return OnClose(payload);
}

Verdict MessageAssembler::OnClose(ByteView payload) {
  uint16_t code = kNoCloseCode;
  ByteView reason;
  if (payload.size > 0) {
    code = static_cast<uint16_t>(payload.data[0] << 8 | payload.data[1]);
    if (!IsValidCloseCode(code)) return {ErrorCode::kInvalidCloseCode, code};
    reason = {payload.data + 2, payload.size - 2};
    Utf8Validator validator;
    if (!limits_.skip_utf8_validation &&
        !(validator.Push(reason.data, reason.size) && validator.IsComplete())) {
      return ErrorCode::kInvalidUtf8;
    }
  }
  message_.Clear();
  sink_.OnClose(code, reason);
  return {};
}

void MessageAssembler::OnError(ErrorCode code, uint32_t detail) {
  message_.Clear();
  sink_.OnError(code, detail);
}

}  // namespace wsuv
