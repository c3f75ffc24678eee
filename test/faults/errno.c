// A library to preload into Node.js (Linux): reads or writes of one descriptor fail, whoever makes
// them, so that ws on Node's own sockets meets the same error as the addon does. The test that uses
// it builds it: test/faults/errors.test.js.
//
// JavaScript gives its command by reading a symbolic link that does not exist:
//
//   fs.readlinkSync('/wsuv-errno/FD/ERRNO/CALL')
//
// CALL is `read` or `write`. From now on those of FD fail with ERRNO; as those of a socket do,
// writes behind the first one fail with EPIPE. Closing the descriptor ends it.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define COMMANDS "/wsuv-errno/"

static atomic_int descriptor = -1;
static int error_number;
static bool is_of_write;

ssize_t readlink(const char* path, char* buffer, size_t size) {
  int fd;
  char call[8];
  if (strncmp(path, COMMANDS, strlen(COMMANDS)) != 0) {
    return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
  }
  if (sscanf(path + strlen(COMMANDS), "%d/%d/%7s", &fd, &error_number, call) != 3) {
    errno = EINVAL;
    return -1;
  }
  is_of_write = strcmp(call, "write") == 0;
  descriptor = fd;
  return snprintf(buffer, size, "%d", fd);
}

int close(int fd) {
  int armed = fd;
  atomic_compare_exchange_strong(&descriptor, &armed, -1);
  return (int)syscall(SYS_close, fd);
}

static bool fails(int fd, bool is_write) {
  if (fd < 0 || fd != descriptor || is_write != is_of_write) return false;
  errno = error_number;
  if (is_write) error_number = EPIPE;
  return true;
}

ssize_t read(int fd, void* buffer, size_t size) {
  return fails(fd, false) ? -1 : syscall(SYS_read, fd, buffer, size);
}

ssize_t write(int fd, const void* buffer, size_t size) {
  return fails(fd, true) ? -1 : syscall(SYS_write, fd, buffer, size);
}

ssize_t writev(int fd, const struct iovec* buffers, int count) {
  return fails(fd, true) ? -1 : syscall(SYS_writev, fd, buffers, count);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  return fails(fd, true) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}
