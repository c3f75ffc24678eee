#ifndef WSUV_TRANSPORT_PAGES_H_
#define WSUV_TRANSPORT_PAGES_H_

#include <cstddef>

namespace wsuv {

/// `size` bytes straight from the system, so that FreePages() gives them back to it at once, which
/// an allocator may not do for as long as the process lives. Null where there is no memory.
void* AllocatePages(size_t size);
/// `size` is that of AllocatePages().
void FreePages(void* memory, size_t size);

/// Memory of this size is about to be written, all of it: the system may give it in huge pages,
/// since finding 4 KiB at a time takes longer than the writing. (Of an echo of 100 MB that is half
/// the time.)
void AskForHugePages(void* memory, size_t size);

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_PAGES_H_
