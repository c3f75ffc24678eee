#include "transport/listener.h"

#include <utility>

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif
#ifndef _WIN32
#include <sys/un.h>
#endif

#include "transport/descriptor.h"
#include "transport/socket_connection.h"

namespace wsuv {
namespace {

// libuv accepts one connection a turn, which is the cheapest way (several make a handshake 11%
// dearer). But after a long turn, when many may wait, up to so many are accepted.
constexpr int kMaxAccepted = 16;

#ifdef _WIN32
constexpr size_t kMaxPath = 256;  // Of a named pipe.
#else
constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path);
#endif

}  // namespace

Listener::Listener(Loop* loop, ListenerHandler* handler, ConnectionHandler* connection_handler,
                   std::shared_ptr<const ConnectionSettings> settings, bool is_pipe)
    : loop_(loop),
      handler_(handler),
      connection_handler_(connection_handler),
      settings_(std::move(settings)),
      is_pipe_(is_pipe) {
  if (is_pipe) {
    uv_pipe_init(loop->uv(), &handle_.pipe, 0);
  } else {
    uv_tcp_init(loop->uv(), &handle_.tcp);
  }
  handle_.handle.data = this;
  loop->Add(this);
}

int Listener::Listen(const ListenAddress& address, int backlog) {
  int status;
  if (is_pipe_) {
    status = BindPipe(address.path);
  } else {
    sockaddr_storage socket_address = {};
    status = uv_ip4_addr(address.host.c_str(), address.port,
                         reinterpret_cast<sockaddr_in*>(&socket_address));
    if (status != 0) {
      status = uv_ip6_addr(address.host.c_str(), address.port,
                           reinterpret_cast<sockaddr_in6*>(&socket_address));
    }
    if (status == 0) {
      status = uv_tcp_bind(&handle_.tcp, reinterpret_cast<sockaddr*>(&socket_address), 0);
    }
  }
#ifdef __linux__
  // Accepted sockets inherit these, which saves two system calls for each of them.
  uv_os_fd_t fd;
  if (status == 0 && !is_pipe_ && uv_fileno(&handle_.handle, &fd) == 0) {
    const int on = 1;
    const int idle_seconds = 60;
    if (settings_->no_delay) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (settings_->keep_alive) {
      setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
    }
  }
#endif
  if (status == 0) status = uv_listen(&handle_.stream, backlog, OnConnection);
  if (status != 0) Close();
  return status;
}

int Listener::BindPipe(const std::string& path) {
  if (path[0] != '\0') {
    // libuv would bind to what is in front of a NUL, or to as much as fits.
    return path.size() > kMaxPath || path.find('\0') != std::string::npos
               ? UV_EINVAL
               : uv_pipe_bind(&handle_.pipe, path.c_str());
  }
  const int fd = BindAbstract(path);
  if (fd < 0) return fd;
  const int status = uv_pipe_open(&handle_.pipe, fd);
  if (status != 0) CloseDescriptor(fd);
  return status;
}

int Listener::GetAddress(sockaddr_storage* address) const {
  int size = sizeof(*address);
  return uv_tcp_getsockname(&handle_.tcp, reinterpret_cast<sockaddr*>(address), &size);
}

void Listener::SetRef(bool on) {
  if (on) {
    uv_ref(&handle_.handle);
  } else {
    uv_unref(&handle_.handle);
  }
}

void Listener::OnConnection(uv_stream_t* stream, int status) {
  // An error here (no descriptors left, say) concerns one attempt; the listener goes on.
  if (status != 0) return;
  auto* self = static_cast<Listener*>(stream->data);
  self->MakeConnection()->StartAccepted(self, stream);
  if (!self->loop_->last_turn_was_long()) return;
  for (int more = 1; more < kMaxAccepted && !self->closing_; more++) {
    const int fd = AcceptDescriptor(stream);
    if (fd < 0) return;
    self->MakeConnection()->StartAccepted(self, fd);
  }
}

SocketConnection* Listener::MakeConnection() {
  return SocketConnection::Make(
      loop_, connection_handler_, settings_, Role::kServer,
      is_pipe_ ? SocketConnection::Kind::kPipe : SocketConnection::Kind::kTcp);
}

void Listener::Close() {
  if (closing_) return;
  closing_ = true;
  uv_close(&handle_.handle, OnHandleClosed);
}

void Listener::RemoveConnection() {
  connections_--;
  FinishIfDone();
}

void Listener::OnHandleClosed(uv_handle_t* handle) {
  auto* self = static_cast<Listener*>(handle->data);
  self->handle_closed_ = true;
  Loop* loop = self->loop_;
  const bool is_running = !loop->shutting_down();
  self->FinishIfDone();
  if (is_running) loop->RunRound();
}

void Listener::FinishIfDone() {
  if (!handle_closed_ || connections_ > 0) return;
  handler_->OnListenerClosed(*this);
  Loop* loop = loop_;
  loop->Remove(this);
  delete this;
  loop->AfterDelete();
}

}  // namespace wsuv
