#include "protocol/closing_handshake.h"

#include <algorithm>
#include <cstring>

namespace wsuv {

void ClosingHandshake::Close(uint16_t code, ByteView reason, FrameOutput& output) {
  if (sent_ || peer_ended_) return;
  uint8_t payload[kMaxControlPayload];
  size_t size = 0;
  if (code != kNoCloseCode) {
    payload[0] = static_cast<uint8_t>(code >> 8);
    payload[1] = static_cast<uint8_t>(code);
    // However well the reason was checked, there is room for no more.
    const size_t reason_size = std::min(reason.size, kMaxCloseReason);
    if (reason_size > 0) std::memcpy(payload + 2, reason.data, reason_size);
    size = 2 + reason_size;
  }
  sent_ = true;
  output.WriteFrame(Opcode::kClose, {payload, size});
}

void ClosingHandshake::OnPeerClose(uint16_t code, ByteView reason, FrameOutput& output) {
  received_ = true;
  Close(code, reason, output);
}

void ClosingHandshake::OnProtocolError(ErrorCode code, FrameOutput& output) {
  failed_ = true;
  Close(DescribeError(code).close_code, {}, output);
}

}  // namespace wsuv
