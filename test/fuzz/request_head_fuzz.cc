#include <cstdlib>
#include <string>

#include "protocol/handshake.h"
#include "protocol/http_head.h"

// A head that comes in growing prefixes must be judged as one that comes whole, and what is
// accepted must hold nothing that could end a header line or smuggle in another request.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t step = data[0] % 16 + 1;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const wsuv::HeadLimits limits;

  wsuv::RequestHead whole;
  size_t whole_checked = 0;
  size_t whole_size = 0;
  const auto status = wsuv::ParseRequestHead(bytes, limits, &whole_checked, &whole, &whole_size);

  wsuv::RequestHead head;
  size_t checked = 0;
  size_t head_size = 0;
  auto pieces = wsuv::HeadStatus::kIncomplete;
  for (size_t end = step; pieces == wsuv::HeadStatus::kIncomplete; end += step) {
    const size_t have = end < bytes.size() ? end : bytes.size();
    pieces = wsuv::ParseRequestHead(std::string_view(bytes).substr(0, have), limits, &checked,
                                    &head, &head_size);
    if (have == bytes.size()) break;
  }
  if (pieces != status) std::abort();
  if (status != wsuv::HeadStatus::kComplete) return 0;

  if (head_size != whole_size || head_size > bytes.size()) std::abort();
  if (bytes.compare(head_size - 4, 4, "\r\n\r\n") != 0) std::abort();
  for (const wsuv::HeaderField& field : whole.fields) {
    if (!wsuv::IsToken(field.name)) std::abort();
    if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      std::abort();
  }
  const auto upgrade = wsuv::CheckUpgrade(whole);
  if (upgrade == wsuv::UpgradeStatus::kValid) {
    if (wsuv::AcceptValue(whole.Find("sec-websocket-key")).size() != 28) std::abort();
  } else if (wsuv::RejectionResponse(upgrade).find("\r\n\r\n") == std::string::npos) {
    std::abort();
  }
  return 0;
}
