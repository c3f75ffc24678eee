#include <cstdlib>
#include <string>

#include "protocol/http_head.h"
#include "protocol/upgrade.h"

// A head that comes in growing prefixes must be judged as one that comes whole, and what is
// accepted must hold nothing that could end a header line or smuggle in another request.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t step = data[0] % 16 + 1;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const wsuv::HeadLimits limits;

  wsuv::RequestHeadParser whole;
  const auto status = whole.Parse(bytes, limits);

  wsuv::RequestHeadParser parser;
  auto pieces = wsuv::HeadStatus::kIncomplete;
  for (size_t end = step; pieces == wsuv::HeadStatus::kIncomplete; end += step) {
    const size_t have = end < bytes.size() ? end : bytes.size();
    pieces = parser.Parse(std::string_view(bytes).substr(0, have), limits);
    if (have == bytes.size()) break;
  }
  if (pieces != status) std::abort();
  if (status != wsuv::HeadStatus::kComplete) return 0;

  const wsuv::RequestHead& head = parser.head();
  const size_t head_size = parser.size();
  if (head_size != whole.size() || head_size > bytes.size()) std::abort();
  if (bytes.compare(head_size - 4, 4, "\r\n\r\n") != 0) std::abort();
  if (head.fields.size() != whole.head().fields.size()) std::abort();
  for (const char c : head.target) {
    if (c <= 0x20 || c == 0x7F || static_cast<unsigned char>(c) > 0x7F) std::abort();
  }
  for (const wsuv::HeaderField& field : head.fields) {
    if (!wsuv::IsToken(field.name)) std::abort();
    if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      std::abort();
  }
  if (wsuv::CheckHead(head) == wsuv::UpgradeStatus::kValid) {
    if (wsuv::AcceptValue(head.Find("sec-websocket-key")).size() != 28) std::abort();
    const int version = wsuv::ParseVersion(head.Find("sec-websocket-version"));
    if (version != 13 && version != 8) std::abort();
  }
  return 0;
}
