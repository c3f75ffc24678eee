#include "transport/socket_connection.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "transport/descriptor.h"
#include "transport/half_close.h"

namespace wsuv {
namespace {

// The most bytes that a paused connection, which only stores them, reads at once.
constexpr size_t kPausedRead = 64 * 1024;
// The most bytes that libuv gets room for at once.
constexpr size_t kLargestRead = size_t{1} << 30;
// Buffers in one system call.
constexpr size_t kMaxBuffers = 32;

struct WriteRequest {
  uv_write_t request;
  SocketConnection* connection;
  WriteBlock* blocks;
};

uv_buf_t BufferOf(void* data, size_t size) {
  return uv_buf_init(static_cast<char*>(data), static_cast<unsigned>(size));
}

size_t SizeOf(const uv_buf_t* buffers, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += buffers[i].len;
  return size;
}

}  // namespace

SocketConnection* SocketConnection::Make(Loop* loop, ConnectionHandler* handler,
                                         std::shared_ptr<const ConnectionSettings> settings,
                                         Role role, Kind kind) {
  const size_t handle_size = kind == Kind::kTcp ? sizeof(uv_tcp_t) : sizeof(uv_pipe_t);
  void* memory = ::operator new(sizeof(SocketConnection) + handle_size);
  return ::new (memory) SocketConnection(loop, handler, std::move(settings), role, kind);
}

SocketConnection::SocketConnection(Loop* loop, ConnectionHandler* handler,
                                   std::shared_ptr<const ConnectionSettings> settings, Role role,
                                   Kind kind)
    : Connection(loop, handler, std::move(settings), role, Delivery::kInTurn),
      is_tcp_(kind == Kind::kTcp),
      is_reading_(false),
      is_writing_(false),
      notify_written_(false),
      is_corked_(false) {
  if (is_tcp_) {
    uv_tcp_init(loop->uv(), tcp());
  } else {
    uv_pipe_init(loop->uv(), pipe(), 0);
  }
  handle()->data = this;
}

// The beginning.

int SocketConnection::StartAccepted(Listener* listener, uv_stream_t* listening) {
  JoinListener(listener);
  return StartHead(uv_accept(listening, stream()));
}

int SocketConnection::StartAccepted(Listener* listener, int fd) {
  JoinListener(listener);
  return StartHead(Open(fd));
}

// Takes over a descriptor.
int SocketConnection::Open(int fd) {
  const int status = is_tcp_ ? uv_tcp_open(tcp(), fd) : uv_pipe_open(pipe(), fd);
  if (status != 0) CloseDescriptor(fd);
  return status;
}

// Waits for a request head, unless `status` is an error.
int SocketConnection::StartHead(int status) {
#ifndef __linux__
  // On Linux an accepted socket has these from the listening one, without a system call.
  if (status == 0 && is_tcp_) {
    uv_tcp_nodelay(tcp(), settings().no_delay);
    if (settings().keep_alive) uv_tcp_keepalive(tcp(), 1, 60);
  }
#endif
  if (status == 0) status = StartReading();
  if (status == 0) {
    AwaitHead();
  } else {
    Destroy(status);
  }
  return status;
}

int SocketConnection::StartAdopted(int fd, ByteView early) {
  const int own = DuplicateDescriptor(fd);
  int status = own >= 0 ? Open(own) : own;
  const int begun = BeginFrames(status == 0 ? early : ByteView());
  if (status == 0) status = begun;
  if (status == 0 && early.size == 0) status = StartReading();
  if (status != 0) Destroy(status);
  return status;
}

// Reading.

int SocketConnection::StartReading() {
  if (is_reading_) return 0;
  const int status = uv_read_start(stream(), OnAllocate, OnRead);
  is_reading_ = status == 0;
  return status;
}

void SocketConnection::StopReading() {
  if (!is_reading_) return;
  uv_read_stop(stream());
  is_reading_ = false;
}

void SocketConnection::OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto* self = static_cast<SocketConnection*>(handle->data);
  const size_t most = self->paused() ? kPausedRead : Loop::kReadBufferSize;
  const size_t allowed = self->loop().budget().Allow(most);
  // Without a buffer libuv reads nothing: what there is waits for the next poll.
  if (allowed == 0) {
    *buffer = uv_buf_init(nullptr, 0);
    return;
  }
  const ReadWindow window = self->DirectWindow();
  *buffer = window.size > 0 ? BufferOf(window.data, std::min(window.size, kLargestRead))
                            : BufferOf(self->loop().read_buffer(), allowed);
}

void SocketConnection::OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  auto* self = static_cast<SocketConnection*>(stream->data);
  if (count == 0 || count == UV_ENOBUFS) return;  // EAGAIN, and what OnAllocate() asked for.
  Loop& loop = self->loop();
  loop.budget().Begin(self, self->allowance());
  auto* data = reinterpret_cast<uint8_t*>(buffer->base);
  const size_t size = count > 0 ? static_cast<size_t>(count) : 0;
  if (count > 0) self->NoteRead({data, size});
  if (count == UV_EOF) {
    self->OnEnd();
  } else if (count < 0) {
    self->Destroy(static_cast<int>(count));
  } else if (data != loop.read_buffer()) {
    self->OnDirectBytes(size);
  } else {
    self->OnBytes(data, size);
    // Where there may be more, libuv reads on at once.
    const bool is_full = size == buffer->len;
    if (is_full && self->is_reading_ && self->stage() == Stage::kWebSocket && !self->paused() &&
        loop.budget().ends_reading()) {
      self->Hold();
    }
  }
  self->AfterParsing();
  loop.AfterRead();
}

// Writing.

// Offers the queue, a header and a large payload to the kernel in one call. Only what it does not
// take is copied: so nothing of the caller's is referred to after the call, whatever happens to
// the ArrayBuffer it came from. False where that cannot be.
bool SocketConnection::SendDirectly(ByteView header, ByteView payload) {
  if (is_writing_ || is_corked_) return false;
  uv_buf_t buffers[kMaxBuffers];
  size_t count = queue().Gather(buffers, kMaxBuffers - 2);
  if (SizeOf(buffers, count) != queue().size()) return false;
  for (const ByteView& part : {header, payload}) {
    buffers[count++] = BufferOf(const_cast<uint8_t*>(part.data), part.size);
  }
  const int result = uv_try_write(stream(), buffers, static_cast<unsigned>(count));
  if (result < 0 && result != UV_EAGAIN) {
    FailWriting(result);
    return true;
  }
  size_t taken = result > 0 ? static_cast<size_t>(result) : 0;

  const size_t from_queue = std::min(taken, queue().size());
  queue().Consume(from_queue, loop().pool());
  taken -= from_queue;
  if (taken == header.size + payload.size) {
    CountSent(taken);
    return true;
  }
  // A broadcast's frame is held whole, for the others, too. Of any other only the rest is copied.
  if (taken < header.size || loop().pool().IsLast(header, payload)) {
    SendShared(header, payload, taken);
  } else {
    taken -= header.size;
    if (!queue().Append(payload.data + taken, payload.size - taken, loop().pool())) {
      FailWriting(UV_ENOMEM);
      return true;
    }
    CountSent(header.size + payload.size);
    MarkDirty();
  }
  if (!queue().empty() && stage() != Stage::kClosed && !is_writing_) SubmitWrite();
  return true;
}

// Whatever the occasion, the kernel may have it now.
void SocketConnection::Offer(Occasion) {
  if (is_writing_ || (is_corked_ && !end_requested())) return;
  while (!queue().empty()) {
    uv_buf_t buffers[kMaxBuffers];
    const size_t count = queue().Gather(buffers, kMaxBuffers);
    const auto used = static_cast<unsigned>(count);
    const int result = end_requested() ? WriteBeforeEnd(stream(), buffers, used)
                                       : uv_try_write(stream(), buffers, used);
    if (result < 0 && result != UV_EAGAIN) {
      FailWriting(result);
      return;
    }
    const size_t taken = result > 0 ? static_cast<size_t>(result) : 0;
    queue().Consume(taken, loop().pool());
    if (taken < SizeOf(buffers, count)) {
      SubmitWrite();
      return;
    }
  }
  if (TakeEnd()) EndWriting();
}

// Gives the queue to libuv, which writes it as the kernel takes it.
void SocketConnection::SubmitWrite() {
  auto* write = new WriteRequest();
  write->connection = this;
  queue().Settle(loop().pool());
  const std::vector<uv_buf_t> buffers = queue().GatherAll();
  write->blocks = queue().TakeAll();
  const int status = uv_write(&write->request, stream(), buffers.data(),
                              static_cast<unsigned>(buffers.size()), OnWriteDone);
  if (status != 0) {
    loop().pool().Give(write->blocks);
    delete write;
    FailWriting(status);
    return;
  }
  is_writing_ = true;
}

void SocketConnection::OnWriteDone(uv_write_t* request, int status) {
  auto* write = reinterpret_cast<WriteRequest*>(request);
  SocketConnection* self = write->connection;
  self->loop().pool().Give(write->blocks);
  delete write;
  if (self->stage() == Stage::kClosed) return;
  self->is_writing_ = false;
  if (status != 0) {
    self->FailWriting(status);
    return;
  }
  self->Flush();
  self->ReportWritten();
}

void SocketConnection::SetCorked(bool corked) {
  is_corked_ = corked;
  if (corked) return;
  Flush();
  if (!is_writing_) ReportWritten();
}

// To whoever waits for it; if he waits for still more, he asks again.
void SocketConnection::ReportWritten() {
  if (!notify_written_ || stage() == Stage::kClosed) return;
  notify_written_ = false;
  handler()->OnWritten(*this);
}

uint64_t SocketConnection::written() const {
  uint64_t waiting = queue().size();
  if (is_writing_) {
    // What became of a write that was under way when the connection ended is not known.
    if (stage() == Stage::kClosed) return 0;
    waiting += uv_stream_get_write_queue_size(stream());
  }
  return enqueued() - waiting;
}

// The end.

void SocketConnection::EndWriting() {
  if (peer_ended()) {
    Destroy();
    return;
  }
  // Without waiting, which libuv would do, since nothing is being written. Where the connection is
  // broken already, whoever reads is told why.
  const int status = ShutDownWriting(stream());
  if (status == 0 || status == UV_ENOTCONN) return;
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

void SocketConnection::OnShutdownDone(uv_shutdown_t* request, int status) {
  auto* self = static_cast<SocketConnection*>(request->handle->data);
  delete request;
  if (status != 0 && status != UV_ECANCELED) self->Destroy(status);
}

void SocketConnection::DestroyTransport(Ending ending) {
  is_reading_ = false;
  if (ending != Ending::kReset || !is_tcp_ || uv_tcp_close_reset(tcp(), OnHandleClosed) != 0) {
    uv_close(handle(), OnHandleClosed);
  }
  if (ending != Ending::kAbandon) TransportClosed(Failure::kToReport);
}

void SocketConnection::OnHandleClosed(uv_handle_t* handle) {
  auto* self = static_cast<SocketConnection*>(handle->data);
  Loop& loop = self->loop();
  // While the loop shuts down, it may be gone with the last handle.
  const bool is_running = !loop.shutting_down();
  self->TransportGone();
  // What was reported when the handle began to close may not have been delivered yet, and there
  // may be no further turn of the loop.
  if (is_running) loop.RunRound();
}

// What is a socket's.

void SocketConnection::SetNoDelay(bool on) {
  if (is_tcp_) uv_tcp_nodelay(tcp(), on);
}

void SocketConnection::SetKeepAlive(bool on, unsigned seconds) {
  if (is_tcp_) uv_tcp_keepalive(tcp(), on, seconds);
}

void SocketConnection::SetRef(bool on) {
  if (on) {
    uv_ref(handle());
  } else {
    uv_unref(handle());
  }
}

int SocketConnection::GetDescriptor() const {
#ifdef _WIN32
  return UV_ENOTSUP;
#else
  uv_os_fd_t fd = -1;
  if (stage() == Stage::kClosed) return UV_EBADF;
  const int status = uv_fileno(handle(), &fd);
  return status == 0 ? fd : status;
#endif
}

int SocketConnection::GetAddress(bool of_peer, sockaddr_storage* address) const {
  if (!is_tcp_) return UV_ENOTSUP;
  int size = sizeof(*address);
  auto* const out = reinterpret_cast<sockaddr*>(address);
  return of_peer ? uv_tcp_getpeername(tcp(), out, &size) : uv_tcp_getsockname(tcp(), out, &size);
}

}  // namespace wsuv
