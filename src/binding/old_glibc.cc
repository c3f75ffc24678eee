// Keeps the Linux binary loadable where Node.js 20 is: with glibc 2.28 and later.

#include <cstdlib>  // Tells which C library this is.

#if defined(__linux__) && defined(__GLIBC__)

// libstdc++ asks this flag of glibc 2.32 whether std::shared_ptr needs atomic counters. Node.js has
// several threads always, so the answer is known, and without one of our own the binary would need
// that glibc.
extern "C" {
extern char __libc_single_threaded;  // NOLINT(bugprone-reserved-identifier)
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;  // NOLINT
}

#endif
