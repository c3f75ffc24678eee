// Frames of every size, mostly right: a few bytes of the input stand for each, so that large ones,
// which are read straight into the memory of their message, are as easy to find as small ones.

#include <string>

#include "reader_check.h"
#include "support/frames.h"
#include "support/script.h"

namespace wsuv::test {
namespace {

// Around each length at which something else happens.
size_t LengthOf(Script& script) {
  static constexpr size_t kLengths[] = {0,     0,     125,       512,       0xFFFF,     16 * 1024,
                                        65536, 65537, 64 * 1024, 90 * 1000, 128 * 1024, 300 * 1000};
  const size_t base = kLengths[script.Below(std::size(kLengths))];
  const size_t more = script.Below(128);
  return base + more < 64 ? more : base + more - 64;
}

std::string PayloadOf(Script& script, size_t length) {
  static const std::string kTexts[] = {"plain ", "gr\xC3\xBC\xC3\x9F ", "\xF0\x9F\x98\x80",
                                       "\xE6\x97\xA5"};
  const std::string& text = kTexts[script.Below(std::size(kTexts))];
  std::string payload;
  payload.reserve(length + text.size());
  while (payload.size() + text.size() <= length) payload += text;
  payload.resize(length, 'x');
  // Here and there a byte that is wrong, or a character that the frame's end cuts.
  const uint8_t fault = script.Byte();
  if (fault % 16 == 1 && length > 0) payload[script.Below(65536) % length] ^= '\x80';
  if (fault % 16 == 2 && length > 1) payload.replace(length - 2, 2, "\xE6\x97");
  return payload;
}

std::string FrameOf(Script& script, const ReaderTrial& trial) {
  static constexpr uint8_t kOpcodes[] = {0, 0, 1, 1, 2, 2, 9, 10, 8};
  FrameSpec spec;
  const uint8_t kind = script.Byte();
  spec.opcode = kOpcodes[kind % std::size(kOpcodes)];
  const bool is_control = spec.opcode >= 8;
  spec.fin = is_control || script.Byte() % 3 != 0;
  spec.masked = trial.role == Role::kServer;
  if (trial.allow_rsv1 && !is_control && spec.opcode != 0 && kind >= 128) spec.rsv = 4;
  const size_t length = is_control ? script.Below(126) : LengthOf(script);
  std::string payload = PayloadOf(script, length);
  if (spec.opcode == 8 && length >= 2) payload.replace(0, 2, std::string("\x03\xE8", 2));
  std::string frame = MakeFrame(spec, payload);
  // One bit of the header, or an unusual form of it.
  const uint8_t fault = script.Byte();
  if (fault % 32 == 1) frame[script.Below(2)] ^= static_cast<char>(1 << script.Below(8));
  if (fault % 32 == 2) {
    spec.length_bytes = 8;
    frame = MakeFrame(spec, payload);
  }
  return frame;
}

}  // namespace
}  // namespace wsuv::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  wsuv::test::Script script(data, size);
  wsuv::test::ReaderTrial trial;
  const uint8_t how = script.Byte();
  trial.role = (how & 1) != 0 ? wsuv::Role::kClient : wsuv::Role::kServer;
  trial.allow_rsv1 = (how & 2) != 0;
  trial.limits.skip_utf8_validation = (how & 4) != 0;
  if ((how & 8) != 0) trial.limits.max_payload = 100 * 1000;
  if ((how & 16) != 0) trial.limits.max_fragments = 3;
  trial.seed = script.Byte();
  static constexpr size_t kPieces[] = {997, 4096, 16 * 1024, 65536, 100 * 1000, 256 * 1024};
  trial.piece = kPieces[trial.seed % std::size(kPieces)];
  std::string bytes;
  while (!script.empty() && bytes.size() < 1000 * 1000) bytes += wsuv::test::FrameOf(script, trial);
  const size_t cut = trial.seed % 4 == 3 ? bytes.size() / 3 : 0;
  CheckReader(trial, bytes.substr(0, bytes.size() - cut));
  return 0;
}
