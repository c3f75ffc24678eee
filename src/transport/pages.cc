#include "transport/pages.h"

#ifdef _WIN32
#include <cstdlib>
#else
#include <sys/mman.h>

#include <cstdint>
#endif

namespace wsuv {
namespace {

// Less memory than this has few of them, and may be given back in part.
constexpr size_t kHugeMatters = 8 * 1024 * 1024;

}  // namespace

#ifdef _WIN32

void* AllocatePages(size_t size) { return std::malloc(size); }

void FreePages(void* memory, size_t) { std::free(memory); }

void AskForHugePages(void*, size_t) {}

#else

void* AllocatePages(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  AskForHugePages(memory, size);
  return memory;
}

void FreePages(void* memory, size_t size) { munmap(memory, size); }

void AskForHugePages(void* memory, size_t size) {
#ifdef MADV_HUGEPAGE
  if (size < kHugeMatters) return;
  constexpr size_t kPageSize = 4096;
  const size_t in_front = -reinterpret_cast<uintptr_t>(memory) % kPageSize;
  const size_t whole_pages = (size - in_front) / kPageSize * kPageSize;
  madvise(static_cast<char*>(memory) + in_front, whole_pages, MADV_HUGEPAGE);  // It may be refused.
#else
  static_cast<void>(memory);
  static_cast<void>(size);
#endif
}

#endif

}  // namespace wsuv
