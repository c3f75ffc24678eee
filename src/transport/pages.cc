#include "transport/pages.h"

#ifdef _WIN32
#include <cstdlib>
#else
#include <sys/mman.h>
#endif

namespace wsuv {

#ifdef _WIN32

void* AllocatePages(size_t size) { return std::malloc(size); }

void FreePages(void* memory, size_t) { std::free(memory); }

#else

void* AllocatePages(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void FreePages(void* memory, size_t size) { munmap(memory, size); }

#endif

}  // namespace wsuv
