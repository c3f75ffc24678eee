// Compressed messages that are inflated as they come, whatever they are cut into and wherever the
// sink stops, against zlib used plainly on the whole message.

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "protocol/stream_pool.h"
#include "support/frames.h"
#include "support/inflating_sink.h"
#include "support/plain_zlib.h"
#include "support/reference_reader.h"
#include "support/script.h"

namespace wsuv::test {
namespace {

// A message as it is sent, and what may come of it: the message, or any one of several errors.
struct Expected {
  std::string bytes;
  std::string event;
  std::vector<std::string> errors;
  bool is_garbage = false;
};

std::string Repeated(const std::string& text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times && result.size() < 300 * 1000; i++) result += text;
  return result;
}

std::string Compressed(StreamLease<DeflateStream>& lease, const std::string& message) {
  auto stream = lease.Borrow();
  MessageBuffer out;
  stream->Compress(ByteView(std::string_view(message)), true, out);
  lease.Return(std::move(stream), false, true);
  return std::string(ByteView(out.data(), out.size()).text());
}

// In as many frames as the script says.
std::string FramesOf(Script& script, bool is_binary, const std::string& payload, bool* is_single) {
  std::string bytes;
  size_t at = 0;
  *is_single = true;
  for (bool is_first = true;; is_first = false) {
    size_t count = payload.size() - at;
    const bool is_last = script.Byte() % 4 != 1;
    if (!is_last) count = std::min(count, script.Below(65536));
    FrameSpec spec;
    spec.opcode = !is_first ? 0 : is_binary ? 2 : 1;
    spec.rsv = is_first ? 4 : 0;
    spec.fin = is_last;
    bytes += MakeFrame(spec, payload.substr(at, count));
    at += count;
    if (is_last) return bytes;
    *is_single = false;
    if (script.Byte() % 8 == 0) bytes += MakeFrame(Opcode::kPong, "between");
  }
}

Expected MessageOf(Script& script, const ReaderLimits& limits, StreamLease<DeflateStream>& lease,
                   PlainInflater& plain) {
  const uint8_t kind = script.Byte();
  const bool is_binary = (kind & 1) != 0;
  const size_t times = (kind & 2) != 0 ? 1 : 1 + script.Below(65536);
  std::string payload = Repeated(script.Text(script.Byte()), times);
  Expected expected;
  expected.is_garbage = (kind & 12) == 12;
  if (!expected.is_garbage) payload = Compressed(lease, payload);
  bool is_single = false;
  expected.bytes = FramesOf(script, is_binary, payload, &is_single);
  std::string text;
  bool has_ended = false;
  if (!plain.Inflate(payload, &text, &has_ended)) expected.errors.push_back("Z_DATA_ERROR");
  if (has_ended) plain.Reset();
  bool is_complete = true;
  if (!is_binary && !limits.skip_utf8_validation &&
      (!ReferenceUtf8(text, &is_complete) || !is_complete)) {
    expected.errors.push_back("WS_ERR_INVALID_UTF8");
  }
  const bool is_short = is_single && text.size() <= limits.stream_threshold;
  const bool is_held = is_single && limits.max_payload < limits.stream_threshold;
  const size_t size = text.size();
  if ((limits.max_stream_length > 0 && size > limits.max_stream_length) ||
      (limits.max_payload > 0 && size > limits.max_payload && (is_short || is_held))) {
    expected.errors.push_back("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH");
  }
  expected.event = (is_binary ? "binary " : "text ") + text;
  return expected;
}

}  // namespace
}  // namespace wsuv::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace wsuv;
  using namespace wsuv::test;
  Script script(data, size);
  DeflateSettings settings;
  settings.window_bits = 8 + script.Byte() % 8;
  settings.takeover = script.Byte() % 2 == 0;
  ReaderLimits limits;
  const uint8_t how = script.Byte();
  limits.skip_utf8_validation = (how & 1) != 0;
  limits.stream_threshold = (how & 2) != 0 ? 1 : 1000;
  limits.max_payload = (how & 4) != 0 ? 100 : 0;
  if ((how & 8) != 0) limits.max_stream_length = 100 * 1000;
  std::minstd_rand random(script.Byte() + 1U);
  const size_t piece = 1 + script.Below(65536);

  StreamPool<DeflateStream> compressors;
  StreamLease<DeflateStream> outgoing(&compressors, &settings);
  PlainInflater plain(settings.window_bits);
  MessageReader reader(Role::kServer);
  reader.set_rsv1_allowed(true);
  InflatingSink sink(&reader, &limits, &settings);
  if ((how & 16) != 0) sink.stops = [&random] { return random() % 3 == 0; };

  bool was_garbage = false;
  while (!script.empty() && !reader.ended()) {
    Expected expected = MessageOf(script, limits, outgoing, plain);
    if (!settings.takeover) plain.Reset();
    sink.events.clear();
    std::string input;
    for (size_t at = 0; at < expected.bytes.size(); at += piece) {
      input += expected.bytes.substr(at, piece);
      for (;;) {
        const Progress progress =
            reader.Read(reinterpret_cast<uint8_t*>(input.data()), input.size(), limits, sink);
        input.erase(0, progress.used);
        if (input.empty()) break;
        if (progress.flow != Flow::kStop) std::abort();
      }
    }
    if (sink.largest_step > PieceInflater::kStep) std::abort();
    if (!sink.is_idle()) std::abort();
    if (sink.events.size() != 1) std::abort();
    const std::string& event = sink.events[0];
    if (expected.errors.empty() && event != expected.event) std::abort();
    if (!expected.errors.empty() &&
        std::none_of(expected.errors.begin(), expected.errors.end(),
                     [&event](const std::string& error) { return event == "error " + error; })) {
      std::abort();
    }
    if (sink.pool().at_work() != 0) std::abort();
    // What ends within a block leaves more behind than its history: no sender does that.
    was_garbage = was_garbage || expected.is_garbage;
    if (!was_garbage && random() % 4 == 0) {
      sink.pool().Trim();
      sink.pool().Trim();
    }
  }
  return 0;
}
