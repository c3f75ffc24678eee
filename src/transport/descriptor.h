#ifndef WSUV_TRANSPORT_DESCRIPTOR_H_
#define WSUV_TRANSPORT_DESCRIPTOR_H_

namespace wsuv {

/// A second descriptor for what `fd` stands for, not passed on to child processes. A negative libuv
/// error where there is none; UV_ENOTSUP where the system has no descriptors for sockets (Windows).
int DuplicateDescriptor(int fd);

/// Closes a descriptor that nobody has taken over.
void CloseDescriptor(int fd);

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_DESCRIPTOR_H_
