#include "frame_reader_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  wsuv::test::FuzzFrameReader(wsuv::Role::kServer, data, size);
  return 0;
}
