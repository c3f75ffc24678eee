// The writing half of Connection: frames, compressed or not, into the queue; and when what is in it
// is offered to whoever writes it.

#include <algorithm>
#include <cstring>
#include <utility>

#include "transport/connection.h"
#include "transport/connection_parts.h"

namespace wsuv {
namespace {

// A payload of this size is offered to the kernel from where it lies; below it, copying it behind
// the other frames of the round is cheaper than a system call of its own (echo of 16 KiB with 8 in
// flight: 8.8 microseconds a message with a threshold of 16 KiB, 5.5 with this one).
constexpr size_t kDirectSendSize = 64 * 1024;
// More than this in the queue is flushed at once rather than at the end of the round.
constexpr size_t kFlushThreshold = 128 * 1024;
// The largest piece of memory asked for at once.
constexpr size_t kLargestPiece = size_t{1} << 30;
}  // namespace

void Connection::SendFrame(const FrameHeader& header, ByteView payload) {
  if (stage_ != Stage::kWebSocket || end_requested_ || destroyed_) return;
  if (payload.size >= kDirectSendSize) {
    SendLargeFrame(header, payload);
    return;
  }
  const size_t header_size = FrameHeaderSize(header, payload.size);
  const size_t frame_size = header_size + payload.size;
  if (frame_size > BlockPool::kBlockCapacity && header.masking_key == nullptr) {
    uint8_t bytes[kMaxFrameHeaderSize];
    EncodeFrameHeader(header, payload.size, bytes);
    SendShared({bytes, header_size}, payload, 0);
    return;
  }
  uint8_t* place = queue_.Extend(frame_size, loop_->pool());
  if (place == nullptr) {
    FailWriting(UV_ENOMEM);
    return;
  }
  enqueued_ += frame_size;
  EncodeFrameHeader(header, payload.size, place);
  if (header.masking_key != nullptr) {
    MaskingKey(header.masking_key).Apply(place + header_size, payload.data, payload.size);
  } else if (payload.size > 0) {
    std::memcpy(place + header_size, payload.data, payload.size);
  }
  AfterSend();
}

void Connection::SendFrames(const FrameHeader& header, ByteView payload, size_t most) {
  WSUV_ASSERT(most > 0);
  FrameHeader next = header;
  uint8_t key[4];
  while (payload.size > most) {
    next.fin = false;
    SendFrame(next, {payload.data, most});
    payload = {payload.data + most, payload.size - most};
    next.opcode = Opcode::kContinuation;
    next.rsv1 = false;
    if (next.masking_key == nullptr) continue;
    loop_->NextMaskingKey(key);
    next.masking_key = key;
  }
  next.fin = header.fin;
  SendFrame(next, payload);
}

// Queues a frame, but for its first `skip` bytes, as one that other queues may hold, too.
void Connection::SendShared(ByteView header, ByteView payload, size_t skip) {
  WriteBlock* block = loop_->pool().TakeFrame(header, payload);
  if (block == nullptr) {
    FailWriting(UV_ENOMEM);
    return;
  }
  enqueued_ += header.size + payload.size;
  queue_.Add(block, skip);
  AfterSend();
}

void Connection::SendLargeFrame(const FrameHeader& header, ByteView payload) {
  uint8_t bytes[kMaxFrameHeaderSize];
  const size_t header_size = EncodeFrameHeader(header, payload.size, bytes);
  if (header.masking_key == nullptr && payload.size <= kLargestPiece) {
    const ByteView encoded(bytes, header_size);
    if (!SendDirectly(encoded, payload)) SendShared(encoded, payload, 0);
    return;
  }
  MaskingKey key;
  if (header.masking_key != nullptr) key = MaskingKey(header.masking_key);
  bool is_queued = queue_.Append(bytes, header_size, loop_->pool());
  for (size_t at = 0; is_queued && at < payload.size;) {
    const size_t piece = std::min(payload.size - at, kLargestPiece);
    uint8_t* place = queue_.Extend(piece, loop_->pool());
    is_queued = place != nullptr;
    if (is_queued) key.Apply(place, payload.data + at, piece);
    at += piece;
  }
  if (!is_queued) {
    FailWriting(UV_ENOMEM);
    return;
  }
  enqueued_ += header_size + payload.size;
  AfterSend();
}

// What is sent while events are delivered leaves when that is done (writing from within handlers
// costs a small echo a fifth), and so does what follows in a turn after something was sent. But the
// first thing that is sent in any other moment leaves at once, as under ws: whatever comes next may
// block, or end the process.
void Connection::AfterSend() {
  const bool is_first = !dirty_;
  MarkDirty();
  const bool is_due = (is_first && loop_->sends_at_once()) || loop_->is_last_turn();
  if (is_due || queue_.size() > kFlushThreshold) Flush();
}

void Connection::SendRaw(ByteView bytes) {
  if (QueueRaw(bytes)) AfterSend();
}

void Connection::SendResponse(ByteView bytes) {
  if (!QueueRaw(bytes)) return;
  if (!dirty_ && loop_->sends_at_once()) {
    loop_->ArmTrim();
    Flush();
  } else {
    AfterSend();
  }
}

bool Connection::QueueRaw(ByteView bytes) {
  if (stage_ == Stage::kClosed || end_sent_) return false;
  if (!queue_.Append(bytes.data, bytes.size, loop_->pool())) {
    FailWriting(UV_ENOMEM);
    return false;
  }
  enqueued_ += bytes.size;
  return true;
}

bool Connection::SendDirectly(ByteView, ByteView) { return false; }

void Connection::MarkDirty() {
  if (dirty_) return;
  dirty_ = true;
  loop_->MarkDirty(this);
}

void Connection::FlushMarked() {
  dirty_ = false;
  NoteActivity();
  if (stage_ != Stage::kClosed) Offer(Occasion::kTurn);
}

void Connection::Flush() {
  if (stage_ != Stage::kClosed) Offer(Occasion::kCall);
}

void Connection::EndTransport() {
  end_requested_ = true;
  MarkDirty();
}

bool Connection::TakeEnd() {
  if (!end_requested_ || end_sent_ || !queue_.empty()) return false;
  end_sent_ = true;
  return true;
}

// Compression.

bool Connection::has_compression() const {
  return extras_ != nullptr && extras_->compression != nullptr;
}

bool Connection::inflating() const {
  return extras_ != nullptr && extras_->compression != nullptr &&
         extras_->compression->core.inflating();
}

void Connection::UseCompression(std::shared_ptr<const CompressionSettings> settings) {
  if (has_compression()) return;
  EnsureExtras().compression = std::make_unique<Compressed>(this, std::move(settings));
  reader_.set_rsv1_allowed(true);
}

void Connection::SendCompressed(const FrameHeader& header, ByteView payload, size_t most) {
  if (stage_ != Stage::kWebSocket || end_sent_ || !has_compression()) return;
  if (extras_->compression->core.Compress(&payload, header.rsv1, header.fin)) {
    SendFrames(header, payload, most);
  } else {
    FailWriting(UV_ENOMEM);
  }
}

void Connection::SendLater(const FrameHeader& header, ByteView payload, size_t most) {
  if (stage_ != Stage::kWebSocket || end_sent_ || !has_compression()) return;
  if (extras_->compression->core.CompressLater(header, payload, header.fin)) {
    extras_->compression->most_later = most;
  } else {
    FailWriting(UV_ENOMEM);
  }
}

void Connection::OnCompressed(const FrameHeader& header, const MessageBuffer* payload) {
  if (stage_ != Stage::kWebSocket) return;
  if (payload == nullptr) {
    FailWriting(UV_ENOMEM);
    return;
  }
  SendFrames(header, {payload->data(), payload->size()}, extras_->compression->most_later);
  handler_->OnCompressed(*this);
}

}  // namespace wsuv
