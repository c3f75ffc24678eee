#ifndef WSUV_TRANSPORT_DESCRIPTOR_H_
#define WSUV_TRANSPORT_DESCRIPTOR_H_

#include <uv.h>

#include <string_view>

namespace wsuv {

/// A second descriptor for what `fd` stands for, not passed on to child processes. A negative libuv
/// error where there is none; UV_ENOTSUP where the system has no descriptors for sockets (Windows).
int DuplicateDescriptor(int fd);

/// Closes a descriptor that nobody has taken over.
void CloseDescriptor(int fd);

/// Takes the next connection that waits at a listening socket, where the system can do so without
/// waiting. A negative libuv error where there is none.
int AcceptDescriptor(const uv_stream_t* listening);

/// A Unix domain socket that is bound to an abstract name (Linux; the name begins with a NUL and
/// may hold others), which uv_pipe_bind() cannot do. A libuv error otherwise.
int BindAbstract(std::string_view name);

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_DESCRIPTOR_H_
