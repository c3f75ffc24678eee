// A library to preload into Node.js (Linux): reads of one descriptor fail, whoever calls read(), so
// that ws on Node's own sockets meets the same error as the addon does. The test that uses it
// builds it: test/faults/errors.test.js.
//
// JavaScript gives its command by reading a symbolic link that does not exist:
//
//   fs.readlinkSync('/wsuv-errno/FD/ERRNO')
//
// From now on reads of FD fail with ERRNO. Closing the descriptor ends it.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COMMANDS "/wsuv-errno/"

static atomic_int descriptor = -1;
static int error_number;

ssize_t readlink(const char* path, char* buffer, size_t size) {
  int fd;
  if (strncmp(path, COMMANDS, strlen(COMMANDS)) != 0) {
    return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
  }
  if (sscanf(path + strlen(COMMANDS), "%d/%d", &fd, &error_number) != 2) {
    errno = EINVAL;
    return -1;
  }
  descriptor = fd;
  return snprintf(buffer, size, "%d", fd);
}

int close(int fd) {
  int armed = fd;
  atomic_compare_exchange_strong(&descriptor, &armed, -1);
  return (int)syscall(SYS_close, fd);
}

ssize_t read(int fd, void* buffer, size_t size) {
  if (fd >= 0 && fd == descriptor) {
    errno = error_number;
    return -1;
  }
  return syscall(SYS_read, fd, buffer, size);
}
