// Context and Environment under random reports and handlers that do anything: see ContextModel.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/context_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string fault = wsuv::test::ContextModel(data, size).Run();
  if (fault.empty()) return 0;
  std::fprintf(stderr, "%s\n", fault.c_str());
  std::abort();
}
