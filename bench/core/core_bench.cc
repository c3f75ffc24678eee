// The hot paths under Google Benchmark, each beside the plain loop that it replaces:
//
//   cmake -S . -B build/core && cmake --build build/core --target wsuv_bench &&
//   build/core/wsuv_bench

#include <benchmark/benchmark.h>

#include "hot_paths.h"

int main(int argc, char** argv) {
  for (const wsuv::bench::HotPath& path : wsuv::bench::HotPaths()) {
    benchmark::RegisterBenchmark(path.name.c_str(), [path](benchmark::State& state) {
      for (auto _ : state) path.run();
      if (path.bytes > 0) {
        state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(path.bytes));
      }
    });
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
