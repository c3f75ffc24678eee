// Messages compressed and inflated with streams that are lent, taken back and given again at
// random, against zlib used plainly.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "protocol/stream_pool.h"
#include "support/plain_zlib.h"
#include "support/script.h"

namespace {

using wsuv::ByteView;
using wsuv::DeflateSettings;
using wsuv::DeflateStream;
using wsuv::InflateStream;
using wsuv::MessageBuffer;
using wsuv::MessageInflation;
using wsuv::test::Script;

ByteView ViewOf(const std::string& text) { return ByteView(std::string_view(text)); }

// Inflates with a budget that grows in steps, as connections do with large messages.
MessageInflation::Status Inflate(wsuv::StreamLease<InflateStream>& lease, const std::string& input,
                                 uint64_t limit, size_t step, MessageBuffer& out) {
  auto stream = lease.Borrow();
  MessageInflation inflation(ViewOf(input), nullptr, limit);
  MessageInflation::Status status = MessageInflation::Status::kBudget;
  for (size_t budget = step; status == MessageInflation::Status::kBudget; budget += step) {
    const std::string moved = input;
    inflation.Rebase(reinterpret_cast<const uint8_t*>(moved.data()));
    status = inflation.Run(*stream, out, budget);
  }
  lease.Return(std::move(stream), false,
               status == MessageInflation::Status::kDone && !inflation.stream_ended());
  return status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(data, size);
  DeflateSettings settings;
  settings.window_bits = 8 + script.Byte() % 8;
  settings.level = script.Byte() % 10;
  settings.mem_level = 1 + script.Byte() % 9;
  settings.strategy = script.Byte() % 5;
  settings.takeover = script.Byte() % 2 == 0;
  const size_t step = 1 + script.Byte();
  const bool is_garbage = script.Byte() % 4 == 0;

  wsuv::StreamPool<DeflateStream> compressors;
  wsuv::StreamPool<InflateStream> inflaters;
  wsuv::StreamLease<DeflateStream> outgoing(&compressors, &settings);
  wsuv::StreamLease<InflateStream> incoming(&inflaters, &settings);
  // What compresses with a window of 256 uses 512 in zlib, but refers back no further.
  wsuv::test::PlainInflater plain(settings.window_bits);

  while (!script.empty()) {
    const uint8_t action = script.Byte();
    if (action % 4 == 0) {
      compressors.Trim();
      compressors.Trim();
    }
    if (action % 8 >= 4) {
      inflaters.Trim();
      inflaters.Trim();
    }
    std::string message = script.Text(script.Byte() * (1 + action % 16));
    std::string packed;
    if (is_garbage) {
      packed = message;
    } else {
      // Repeated, so that there is something to refer back to.
      for (int i = action % 3; i > 0; i--) message += message;
      const size_t half = message.size() * (action % 5) / 4;
      auto stream = outgoing.Borrow();
      MessageBuffer out;
      const size_t first = std::min(half, message.size());
      if (!stream->Compress(ViewOf(message.substr(0, first)), false, out)) abort();
      if (!stream->Compress(ViewOf(message.substr(first)), true, out)) abort();
      outgoing.Return(std::move(stream), false, true);
      packed.assign(reinterpret_cast<const char*>(out.data()), out.size());
    }

    std::string expected;
    bool ended = false;
    const bool valid = plain.Inflate(packed, &expected, &ended);
    if (!is_garbage && (!valid || ended || expected != message)) abort();
    const uint64_t limit = action % 7 == 0 ? 1 + expected.size() / 2 : 0;

    MessageBuffer out;
    const auto status = Inflate(incoming, packed, limit, step, out);
    const std::string got(reinterpret_cast<const char*>(out.data()), out.size());
    if (limit > 0 && got.size() > limit + 1) abort();
    if (status == MessageInflation::Status::kTooLong) {
      if (limit == 0 || expected.size() <= limit) abort();
      return 0;
    }
    if ((status == MessageInflation::Status::kDone) != valid) {
      // Beyond the limit there may be an error that nobody has looked at, or the other way round.
      if (limit == 0 || expected.size() <= limit) abort();
    }
    if (status != MessageInflation::Status::kDone) return 0;
    if (got != expected) abort();
    // Without history neither side has any; a stream that ended is not gone on with, and one that
    // stopped within a block cannot be taken back.
    if (is_garbage) return 0;
    if (!settings.takeover) plain.Reset();
  }
  return 0;
}
