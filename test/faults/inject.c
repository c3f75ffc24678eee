// A library to preload into Node.js (Linux, glibc) that lets system calls and allocations of the
// addon fail on demand. The test that uses it builds it: test/faults/injection.test.js.
//
// What is counted are the addon's own calls alone:
//
// - Descriptors. libuv is in the Node.js binary, so that a return address says nothing of whom a
// read is
//   for. But descriptors do: one is the addon's if socket() was called with the addon on the stack,
//   or fcntl(F_DUPFD_CLOEXEC) by the addon itself, or if it was accepted from a descriptor of the
//   addon's. Reads, writes and so on count when they are of such a one.
// - Memory. An allocation counts when its caller is code of the addon (whose operator new is its
// own,
//   since it links libstdc++ statically), and when it is as large as the program says: what is
//   smaller and fixed may end the process, as it does everywhere in Node.js.
//
// epoll_ctl() is not among the calls: libuv ends the process where it fails.
//
// JavaScript gives commands by reading a symbolic link that does not exist:
//
//   fs.readlinkSync('/wsuv-inject/arm/CALL/ERRNO/N/SIZE/MODE')
//   fs.readlinkSync('/wsuv-inject/disarm')
//
// CALL is a name of kCalls. ERRNO is a number; 0 lets a read or a write take one byte only. The Nth
// call from now (from 0), of at least SIZE bytes, fails; MODE is `once`, or `on` for it and all
// that follow. Both answer "SEEN FAILED", the calls that have been counted since the command before
// and how many of them have failed.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define COMMANDS "/wsuv-inject/"
#define DESCRIPTORS 65536

static const char* const kCalls[] = {"none",  "socket",   "accept",     "dup",    "read",
                                     "write", "shutdown", "setsockopt", "malloc", "mmap"};
enum Call { kNone, kSocket, kAccept, kDup, kRead, kWrite, kShutdown, kSetsockopt, kMalloc, kMmap };

// What to do.
static atomic_int armed = kNone;
static int error_number;
static long first;
static size_t least;
static bool goes_on;
// What has been done.
static atomic_long seen;
static atomic_long failed;

// Which descriptors are the addon's.
static atomic_bool owned[DESCRIPTORS];

// Where the addon is.
static uintptr_t code_begin;
static uintptr_t code_end;

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);

static int OnObject(struct dl_phdr_info* info, size_t size, void* data) {
  (void)size;
  (void)data;
  const char* name = strrchr(info->dlpi_name, '/');
  if (name == NULL || strcmp(name, "/wsuv.node") != 0) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)* part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
    code_begin = info->dlpi_addr + part->p_vaddr;
    code_end = code_begin + part->p_memsz;
  }
  return 1;
}

// The addon may be loaded by now.
static bool FindAddon(void) {
  if (code_end == 0) dl_iterate_phdr(OnObject, NULL);
  return code_end != 0;
}

static bool IsAddon(const void* address) {
  const uintptr_t at = (uintptr_t)address;
  return at >= code_begin && at < code_end;
}

static bool IsAddonOnStack(void) {
  if (!FindAddon()) return false;
  void* frames[32];
  const int count = backtrace(frames, 32);
  for (int i = 0; i < count; i++) {
    if (IsAddon(frames[i])) return true;
  }
  return false;
}

static bool IsOwned(int fd) { return fd >= 0 && fd < DESCRIPTORS && owned[fd]; }

static int Own(int fd, bool is_owned) {
  if (fd >= 0 && fd < DESCRIPTORS) owned[fd] = is_owned;
  return fd;
}

// Whether this call is the one that is to fail.
static bool Fails(enum Call call, size_t size) {
  if (armed != (int)call || size < least) return false;
  const long index = seen++;
  if (index < first || (index > first && !goes_on)) return false;
  failed++;
  return true;
}

static long Fail(void) {
  errno = error_number;
  return -1;
}

// The first call of backtrace() allocates.
__attribute__((constructor)) static void Begin(void) {
  void* frame[1];
  backtrace(frame, 1);
}

static void Arm(const char* text) {
  char name[32];
  char mode[8];
  unsigned long size;
  if (sscanf(text, "%31[^/]/%d/%ld/%lu/%7s", name, &error_number, &first, &size, mode) != 5)
    abort();
  least = size;
  goes_on = strcmp(mode, "on") == 0;
  if (!FindAddon()) abort();
  for (size_t i = 0; i < sizeof(kCalls) / sizeof(kCalls[0]); i++) {
    if (strcmp(kCalls[i], name) == 0) armed = (int)i;
  }
  if (armed == kNone) abort();
}

ssize_t readlink(const char* path, char* buffer, size_t size) {
  if (strncmp(path, COMMANDS, strlen(COMMANDS)) != 0) {
    return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
  }
  const char* command = path + strlen(COMMANDS);
  armed = kNone;
  const int length = snprintf(buffer, size, "%ld %ld", seen, failed);
  seen = 0;
  failed = 0;
  if (strncmp(command, "arm/", 4) == 0) Arm(command + 4);
  return length;
}

int socket(int domain, int type, int protocol) {
  const bool is_addon = IsAddonOnStack();
  if (is_addon && Fails(kSocket, 0)) return (int)Fail();
  return Own((int)syscall(SYS_socket, domain, type, protocol), is_addon);
}

int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  if (IsOwned(fd) && Fails(kAccept, 0)) return (int)Fail();
  return Own((int)syscall(SYS_accept4, fd, address, length, flags), IsOwned(fd));
}

int accept(int fd, struct sockaddr* address, socklen_t* length) {
  return accept4(fd, address, length, 0);
}

int close(int fd) {
  Own(fd, false);
  return (int)syscall(SYS_close, fd);
}

static int Control(int fd, int command, long argument, const void* caller) {
  const bool is_dup = (command == F_DUPFD || command == F_DUPFD_CLOEXEC) && FindAddon();
  if (is_dup && IsAddon(caller) && Fails(kDup, 0)) return (int)Fail();
  const int result = (int)syscall(SYS_fcntl, fd, command, argument);
  if (is_dup) Own(result, IsAddon(caller));
  return result;
}

int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  return Control(fd, command, argument, __builtin_return_address(0));
}

int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  return Control(fd, command, argument, __builtin_return_address(0));
}

ssize_t read(int fd, void* buffer, size_t size) {
  if (IsOwned(fd) && Fails(kRead, 0)) {
    if (error_number != 0) return Fail();
    size = 1;
  }
  return syscall(SYS_read, fd, buffer, size);
}

ssize_t write(int fd, const void* buffer, size_t size) {
  if (IsOwned(fd) && Fails(kWrite, 0)) {
    if (error_number != 0) return Fail();
    size = 1;
  }
  return syscall(SYS_write, fd, buffer, size);
}

// One byte of the first buffer that has any.
static struct iovec OneByte(const struct iovec* buffers, size_t count) {
  struct iovec one = {NULL, 0};
  for (size_t i = 0; i < count && one.iov_len == 0; i++) {
    if (buffers[i].iov_len > 0) one = (struct iovec){buffers[i].iov_base, 1};
  }
  return one;
}

ssize_t writev(int fd, const struct iovec* buffers, int count) {
  if (IsOwned(fd) && Fails(kWrite, 0)) {
    if (error_number != 0) return Fail();
    const struct iovec one = OneByte(buffers, (size_t)count);
    return syscall(SYS_writev, fd, &one, 1);
  }
  return syscall(SYS_writev, fd, buffers, count);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  if (IsOwned(fd) && Fails(kWrite, 0)) {
    if (error_number != 0) return Fail();
    struct iovec one = OneByte(message->msg_iov, message->msg_iovlen);
    struct msghdr shorter = *message;
    shorter.msg_iov = &one;
    shorter.msg_iovlen = 1;
    return syscall(SYS_sendmsg, fd, &shorter, flags);
  }
  return syscall(SYS_sendmsg, fd, message, flags);
}

int shutdown(int fd, int how) {
  if (IsOwned(fd) && Fails(kShutdown, 0)) return (int)Fail();
  return (int)syscall(SYS_shutdown, fd, how);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  if (IsOwned(fd) && Fails(kSetsockopt, 0)) return (int)Fail();
  return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

static void* NoMemory(void) {
  errno = ENOMEM;
  return NULL;
}

void* malloc(size_t size) {
  if (IsAddon(__builtin_return_address(0)) && Fails(kMalloc, size)) return NoMemory();
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  if (IsAddon(__builtin_return_address(0)) && Fails(kMalloc, count * size)) return NoMemory();
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  if (IsAddon(__builtin_return_address(0)) && Fails(kMalloc, size)) return NoMemory();
  return __libc_realloc(memory, size);
}

// The addon's own pages alone: those that malloc() asks for are glibc's.
static void* Map(void* address, size_t size, int protection, int flags, int fd, long offset,
                 const void* caller) {
  if (armed == kMmap && IsAddon(caller) && Fails(kMmap, size)) {
    errno = error_number;
    return MAP_FAILED;
  }
  return (void*)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  return Map(address, size, protection, flags, fd, offset, __builtin_return_address(0));
}

void* mmap64(void* address, size_t size, int protection, int flags, int fd, off64_t offset) {
  return Map(address, size, protection, flags, fd, offset, __builtin_return_address(0));
}
