// What a peer sends, byte by byte: the first bytes of the input choose how it is read.

#include "reader_check.h"
#include "support/script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  wsuv::test::Script script(data, size);
  wsuv::test::ReaderTrial trial;
  const uint8_t how = script.Byte();
  trial.role = (how & 1) != 0 ? wsuv::Role::kClient : wsuv::Role::kServer;
  trial.allow_rsv1 = (how & 2) != 0;
  trial.limits.skip_utf8_validation = (how & 4) != 0;
  if ((how & 8) != 0) trial.limits.max_payload = 64;
  trial.limits.max_fragments = how >> 4;
  trial.seed = script.Byte();
  trial.piece = trial.seed % 32 + 1;
  const std::string bytes = script.Rest();
  CheckReader(trial, bytes);
  // The same where messages are passed on in pieces.
  for (const uint64_t threshold : {uint64_t{1}, uint64_t{20}}) {
    trial.limits.stream_threshold = threshold;
    if ((how & 8) != 0) trial.limits.max_stream_length = 48;
    CheckReader(trial, bytes);
  }
  return 0;
}
