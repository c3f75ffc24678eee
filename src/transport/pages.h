#ifndef WSUV_TRANSPORT_PAGES_H_
#define WSUV_TRANSPORT_PAGES_H_

#include <cstddef>

namespace wsuv {

/// `size` bytes straight from the system, so that FreePages() gives them back to it at once, which
/// an allocator may not do for as long as the process lives. Null where there is no memory.
void* AllocatePages(size_t size);
/// `size` is that of AllocatePages().
void FreePages(void* memory, size_t size);

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_PAGES_H_
