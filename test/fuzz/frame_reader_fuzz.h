#ifndef WSUV_TEST_FUZZ_FRAME_READER_FUZZ_H_
#define WSUV_TEST_FUZZ_FRAME_READER_FUZZ_H_

#include <cstdlib>
#include <cstring>
#include <string>

#include "support/recording_sink.h"
#include "support/reference_reader.h"

namespace wsuv::test {

/// The first byte of the input chooses the size of the pieces; the rest is what a peer sends. What
/// the reader finds must be the same in pieces, whole, through the direct window, where a sink says
/// where to put it, and by the reference.
inline void FuzzFrameReader(Role role, const uint8_t* data, size_t size) {
  if (size < 1) return;
  const size_t piece = data[0] % 32 + 1;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto whole = ReadInPieces(role, bytes, 0);
  if (whole != ReferenceRead(role, bytes)) std::abort();
  if (whole != ReadInPieces(role, bytes, piece)) std::abort();

  MessageReader providing_reader(role);
  ProvidingSink providing;
  ReadAsATransport(providing_reader, bytes, piece * 64, {}, providing);
  if (providing.events != whole) std::abort();

  // Limits: nothing may be held beyond them.
  ReaderLimits limits;
  limits.max_payload = 64;
  limits.max_fragments = data[0] % 8;
  MessageReader reader(role);
  RecordingSink sink;
  std::string copy = bytes;
  for (size_t at = 0; at < copy.size(); at += piece) {
    const size_t count = piece < copy.size() - at ? piece : copy.size() - at;
    reader.Read(reinterpret_cast<uint8_t*>(copy.data()) + at, count, limits, sink);
    if (reader.HeldBytes() > 64 + 4096) std::abort();
  }
}

}  // namespace wsuv::test

#endif  // WSUV_TEST_FUZZ_FRAME_READER_FUZZ_H_
