#ifndef WSUV_PROTOCOL_ASSERT_H_
#define WSUV_PROTOCOL_ASSERT_H_

// WSUV_ASSERT(condition) stops the process where a function was called against its contract. It is
// there for the C++ tests, the fuzzers and debug builds of the addon; what a peer or a program can
// bring about is no matter for it, but for an error.
#if defined(WSUV_ASSERTIONS) || defined(_DEBUG)

#include <cstdio>
#include <cstdlib>

#define WSUV_HAS_ASSERTIONS 1
#define WSUV_ASSERT(condition)                                                                \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      static_cast<void>(                                                                      \
          std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition)); \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)

#else

#define WSUV_HAS_ASSERTIONS 0
#define WSUV_ASSERT(condition) static_cast<void>(0)

#endif

#endif  // WSUV_PROTOCOL_ASSERT_H_
