#include "transport/descriptor.h"

#include <uv.h>

#ifndef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#endif

namespace wsuv {

#ifdef _WIN32

int DuplicateDescriptor(int) { return UV_ENOTSUP; }

void CloseDescriptor(int) {}

#else

int DuplicateDescriptor(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy >= 0 ? copy : uv_translate_sys_error(errno);
}

void CloseDescriptor(int fd) { close(fd); }

#endif

}  // namespace wsuv
