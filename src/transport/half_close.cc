#include "transport/half_close.h"

#ifndef _WIN32
#include <errno.h>
#include <sys/socket.h>
#endif

namespace wsuv {

#ifdef _WIN32

int ShutDownWriting(const uv_stream_t*) { return UV_ENOTSUP; }

#else

int ShutDownWriting(const uv_stream_t* stream) {
  uv_os_fd_t fd;
  const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(stream), &fd);
  if (status != 0) return status;
  return shutdown(fd, SHUT_WR) == 0 ? 0 : uv_translate_sys_error(errno);
}

#endif

#ifdef __linux__

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

int WriteBeforeEnd(uv_stream_t* stream, uv_buf_t* buffers, unsigned count) {
  return uv_try_write(stream, buffers, count);
}

#endif

}  // namespace wsuv
