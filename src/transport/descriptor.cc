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

#else

int AcceptDescriptor(const uv_stream_t*) { return UV_ENOTSUP; }

int BindAbstract(std::string_view) { return UV_EINVAL; }

#endif

}  // namespace wsuv
