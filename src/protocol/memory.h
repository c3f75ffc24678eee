#ifndef WSUV_PROTOCOL_MEMORY_H_
#define WSUV_PROTOCOL_MEMORY_H_

#include <cstddef>
#include <cstdlib>

namespace wsuv {

#ifdef WSUV_ASSERTIONS
/// For tests: after how many more calls Reallocate() fails, once; negative: never.
extern long g_allocations_until_failure;
#endif

/// Memory of a size that a peer or a message decides: realloc(), which may answer null. Whoever
/// calls it goes on without, with an error.
inline void* Reallocate(void* memory, size_t size) {
#ifdef WSUV_ASSERTIONS
  if (g_allocations_until_failure >= 0 && g_allocations_until_failure-- == 0) return nullptr;
#endif
  return std::realloc(memory, size);
}

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MEMORY_H_
