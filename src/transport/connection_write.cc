// The writing half of Connection: frames into the queue, the queue to the kernel, and the end of
// our side of the transport.

#include <algorithm>
#include <cstring>

#include "transport/connection.h"
#include "transport/descriptor.h"

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
// Buffers in one system call.
constexpr size_t kMaxBuffers = 32;

struct WriteRequest {
  uv_write_t request;
  Connection* connection;
  WriteBlock* blocks;
};

}  // namespace

void Connection::SendFrame(const FrameHeader& header, ByteView payload) {
  if (stage_ != Stage::kWebSocket || end_sent_ || wants_destroy_) return;
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
    Destroy(UV_ENOMEM);
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
    Destroy(UV_ENOMEM);
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
    Destroy(UV_ENOMEM);
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
  const bool is_stream = transport_ == Transport::kExternal;
  const bool is_due = (is_first && loop_->sends_at_once()) || loop_->is_last_turn();
  if (queue_.size() > kFlushThreshold || (is_due && !is_stream)) Flush();
}

void Connection::SendRaw(ByteView bytes) {
  if (stage_ == Stage::kClosed || end_sent_) return;
  if (!queue_.Append(bytes.data, bytes.size, loop_->pool())) {
    Destroy(UV_ENOMEM);
    return;
  }
  enqueued_ += bytes.size;
  AfterSend();
}

// Offers the queue, a header and a large payload to the kernel in one call. Only what it does not
// take is copied: so nothing of the caller's is referred to after the call, whatever happens to
// the ArrayBuffer it came from. False where that cannot be.
bool Connection::SendDirectly(ByteView header, ByteView payload) {
  if (writing_ || corked() || transport_ == Transport::kExternal) return false;
  uv_buf_t buffers[kMaxBuffers];
  size_t count = queue_.Gather(buffers, kMaxBuffers - 2);
  size_t gathered = 0;
  for (size_t i = 0; i < count; i++) gathered += buffers[i].len;
  if (gathered != queue_.size()) return false;
  for (const ByteView& part : {header, payload}) {
    buffers[count++] = uv_buf_init(reinterpret_cast<char*>(const_cast<uint8_t*>(part.data)),
                                   static_cast<unsigned>(part.size));
  }
  const int result = uv_try_write(stream(), buffers, static_cast<unsigned>(count));
  size_t taken = result > 0 ? static_cast<size_t>(result) : 0;

  const size_t from_queue = std::min(taken, queue_.size());
  queue_.Consume(from_queue, loop_->pool());
  taken -= from_queue;
  if (taken == header.size + payload.size) {
    enqueued_ += taken;
    return true;
  }
  // Of a broadcast, the others hold it whole; of anything else, the rest is less to copy.
  if (taken < header.size || loop_->pool().IsLast(header, payload)) {
    SendShared(header, payload, taken);
  } else {
    taken -= header.size;
    if (!queue_.Append(payload.data + taken, payload.size - taken, loop_->pool())) {
      Destroy(UV_ENOMEM);
      return true;
    }
    enqueued_ += header.size + payload.size;
    MarkDirty();
  }
  if (queue_.empty() || stage_ == Stage::kClosed || writing_) return true;
  // If the connection is broken, flushing finds out again, where it can be dealt with.
  if (result >= 0 || result == UV_EAGAIN) SubmitWrite();
  return true;
}

void Connection::MarkDirty() {
  if (dirty_) return;
  dirty_ = true;
  loop_->MarkDirty(this);
}

void Connection::FlushMarked() {
  dirty_ = false;
  NoteActivity();
  Flush();
}

void Connection::Flush() {
  if (stage_ == Stage::kClosed) return;
  if (transport_ == Transport::kExternal) {
    handler_->OnOutput(*this);
    return;
  }
  if (writing_ || (corked() && !end_requested_)) return;
  while (!queue_.empty()) {
    uv_buf_t buffers[kMaxBuffers];
    const size_t count = queue_.Gather(buffers, kMaxBuffers);
    const auto used = static_cast<unsigned>(count);
    const int result = end_requested_ ? WriteBeforeEnd(stream(), buffers, used)
                                      : uv_try_write(stream(), buffers, used);
    if (result < 0 && result != UV_EAGAIN) {
      Destroy(result);
      return;
    }
    size_t offered = 0;
    for (size_t i = 0; i < count; i++) offered += buffers[i].len;
    const size_t taken = result > 0 ? static_cast<size_t>(result) : 0;
    queue_.Consume(taken, loop_->pool());
    if (taken < offered) {
      SubmitWrite();
      return;
    }
  }
  EndIfWritten();
}

// Gives the queue to libuv, which writes it as the kernel takes it.
void Connection::SubmitWrite() {
  auto* write = new WriteRequest();
  write->connection = this;
  queue_.Settle(loop_->pool());
  const std::vector<uv_buf_t> buffers = queue_.GatherAll();
  write->blocks = queue_.TakeAll();
  const int status = uv_write(&write->request, stream(), buffers.data(),
                              static_cast<unsigned>(buffers.size()), OnWriteDone);
  if (status != 0) {
    loop_->pool().Give(write->blocks);
    delete write;
    Destroy(status);
    return;
  }
  writing_ = true;
}

void Connection::OnWriteDone(uv_write_t* request, int status) {
  auto* write = reinterpret_cast<WriteRequest*>(request);
  Connection* self = write->connection;
  self->loop_->pool().Give(write->blocks);
  delete write;
  if (self->stage_ == Stage::kClosed) return;
  self->writing_ = false;
  if (status != 0) {
    self->Destroy(status);
    return;
  }
  self->Flush();
  if (!self->notify_written_ || self->stage_ == Stage::kClosed) return;
  // Whoever waits for still more asks again.
  self->notify_written_ = false;
  self->handler_->OnWritten(*self);
}

uint64_t Connection::written() const {
  uint64_t waiting = queue_.size();
  if (writing_) {
    // What became of a write that was under way when the connection ended is not known.
    if (stage_ == Stage::kClosed) return 0;
    waiting += uv_stream_get_write_queue_size(stream());
  }
  return enqueued_ - waiting;
}

void Connection::EndTransport() {
  end_requested_ = true;
  MarkDirty();
}

void Connection::EndIfWritten() {
  if (!end_requested_ || end_sent_ || writing_ || !queue_.empty()) return;
  end_sent_ = true;
  if (peer_ended_) {
    Destroy();
    return;
  }
  // Without waiting, which libuv would do, since nothing is being written.
  const int status = EndWriting(stream());
  if (status == 0) return;
  if (status != UV_ENOTSUP) {
    Destroy(status);
    return;
  }
  auto* request = new uv_shutdown_t;
  const int shutdown = uv_shutdown(request, stream(), OnShutdownDone);
  if (shutdown != 0) {
    delete request;
    Destroy(shutdown);
  }
}

void Connection::OnShutdownDone(uv_shutdown_t* request, int status) {
  auto* self = static_cast<Connection*>(request->handle->data);
  delete request;
  if (status != 0 && status != UV_ECANCELED) self->Destroy(status);
}

}  // namespace wsuv
