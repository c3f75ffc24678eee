// Runs a hot path so many times, for instructions.js to count what it executes; without arguments,
// prints the names of them all.
//
//   wsuv_hot_path [NAME TIMES]

#include <cstdio>
#include <cstdlib>
#include <string>

#include "hot_paths.h"

int main(int argc, char** argv) {
  for (const wsuv::bench::HotPath& path : wsuv::bench::HotPaths()) {
    if (path.is_baseline) continue;
    if (argc < 3) {
      std::puts(path.name.c_str());
    } else if (path.name == argv[1]) {
      for (long i = std::atol(argv[2]); i > 0; i--) path.run();
    }
  }
  return 0;
}
