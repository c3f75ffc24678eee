#include "transport/descriptor.h"

#include <uv.h>

#ifndef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#endif

namespace wsuv {

#ifdef _WIN32

int DuplicateDescriptor(int) { return UV_ENOTSUP; }

void CloseDescriptor(int) {}

int ShutDownWriting(const uv_stream_t*) { return UV_ENOTSUP; }

#else

int DuplicateDescriptor(int fd) {
  // libuv finds out that it is no socket where it can only abort.
  int type = 0;
  socklen_t size = sizeof(type);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return uv_translate_sys_error(errno);
  if (type != SOCK_STREAM) return UV_EINVAL;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy >= 0 ? copy : uv_translate_sys_error(errno);
}

void CloseDescriptor(int fd) { close(fd); }

int ShutDownWriting(const uv_stream_t* stream) {
  uv_os_fd_t fd;
  const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(stream), &fd);
  if (status != 0) return status;
  return shutdown(fd, SHUT_WR) == 0 ? 0 : uv_translate_sys_error(errno);
}

#endif

#ifdef __linux__

int AcceptDescriptor(const uv_stream_t* listening) {
  uv_os_fd_t fd;
  const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(listening), &fd);
  if (status != 0) return status;
  const int accepted = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return accepted >= 0 ? accepted : uv_translate_sys_error(errno);
}

int BindAbstract(std::string_view name) {
  sockaddr_un address = {};
  if (name.size() > sizeof(address.sun_path)) return UV_EINVAL;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return uv_translate_sys_error(errno);
  // The name ends where the address does.
  const size_t size = offsetof(sockaddr_un, sun_path) + name.size();
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)) == 0) return fd;
  const int error = uv_translate_sys_error(errno);
  close(fd);
  return error;
}

int WriteBeforeEnd(uv_stream_t* stream, uv_buf_t* buffers, unsigned count) {
  uv_os_fd_t fd;
  const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(stream), &fd);
  if (status != 0) return status;
  // libuv's buffers are the system's, on Unix.
  msghdr message = {};
  message.msg_iov = reinterpret_cast<iovec*>(buffers);
  message.msg_iovlen = count;
  ssize_t taken;
  do taken = sendmsg(fd, &message, MSG_MORE | MSG_NOSIGNAL);
  while (taken < 0 && errno == EINTR);
  return taken >= 0 ? static_cast<int>(taken) : uv_translate_sys_error(errno);
}

#else

int AcceptDescriptor(const uv_stream_t*) { return UV_ENOTSUP; }

int BindAbstract(std::string_view) { return UV_EINVAL; }

int WriteBeforeEnd(uv_stream_t* stream, uv_buf_t* buffers, unsigned count) {
  return uv_try_write(stream, buffers, count);
}

#endif

}  // namespace wsuv
