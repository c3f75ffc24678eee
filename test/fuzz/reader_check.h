#ifndef WSUV_TEST_FUZZ_READER_CHECK_H_
#define WSUV_TEST_FUZZ_READER_CHECK_H_

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "support/recording_sink.h"
#include "support/reference_reader.h"

namespace wsuv::test {

/// How a reader is to be tried.
struct ReaderTrial {
  Role role = Role::kServer;
  ReaderLimits limits;
  bool allow_rsv1 = false;
  size_t piece = 1;   ///< Bytes of a read.
  uint32_t seed = 0;  ///< Of the decisions where the sink says stop.
};

/// What a MessageReader finds in `bytes` must be the same by the reference, whole, in pieces, with
/// stops anywhere, through the direct window, and where a sink says where to put it; and no more
/// may be held than came, twice, and a constant: nothing, where all is passed on in pieces.
inline void CheckReader(const ReaderTrial& trial, const std::string& bytes) {
  const std::vector<std::string> expected =
      ReferenceRead(trial.role, bytes, trial.limits, trial.allow_rsv1);
  if (ReadInPieces(trial.role, bytes, 0, trial.limits, trial.allow_rsv1) != expected) std::abort();

  std::minstd_rand random(trial.seed + 1);
  for (const bool stops : {false, true}) {
    MessageReader reader(trial.role);
    reader.set_rsv1_allowed(trial.allow_rsv1);
    RecordingSink sink;
    if (stops) sink.stops = [&random] { return random() % 3 == 0; };
    std::string copy = bytes;
    for (size_t at = 0; at < copy.size(); at += trial.piece) {
      const size_t count = std::min(trial.piece, copy.size() - at);
      ReadWithStops(reader, reinterpret_cast<uint8_t*>(copy.data()) + at, count, trial.limits,
                    sink);
      if (reader.HeldBytes() > 2 * (at + count) + 4096) std::abort();
      const size_t max_payload = static_cast<size_t>(trial.limits.max_payload);
      if (max_payload > 0 && reader.HeldBytes() > max_payload + 512 * 1024) std::abort();
      if (trial.limits.stream_threshold == 1 && reader.HeldBytes() > 512) std::abort();
    }
    if (sink.events != expected) std::abort();

    MessageReader transport_reader(trial.role);
    transport_reader.set_rsv1_allowed(trial.allow_rsv1);
    ProvidingSink providing;
    providing.stops = sink.stops;
    ReadAsATransport(transport_reader, bytes, trial.piece, trial.limits, providing);
    if (providing.events != expected) std::abort();
  }
}

}  // namespace wsuv::test

#endif  // WSUV_TEST_FUZZ_READER_CHECK_H_
