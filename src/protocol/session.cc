#include "protocol/session.h"

#include <cstring>

namespace wsuv {

void Session::Close(uint16_t code, ByteView reason, FrameOutput& output) {
  if (state_ == ReadyState::kOpen) {
    uint8_t payload[kMaxControlPayload];
    size_t size = 0;
    if (code != kNoCloseCode) {
      payload[0] = static_cast<uint8_t>(code >> 8);
      payload[1] = static_cast<uint8_t>(code);
      size = 2 + reason.size;
      if (reason.size > 0) std::memcpy(payload + 2, reason.data, reason.size);
    }
    output.WriteFrame(Opcode::kClose, {payload, size});
    close_sent_ = true;
    state_ = ReadyState::kClosing;
  }
  if (close_sent_ && (close_received_ || failed_)) wants_end_ = true;
}

void Session::OnPeerClose(uint16_t code, ByteView reason, FrameOutput& output) {
  close_received_ = true;
  Close(code, reason, output);
}

void Session::OnProtocolError(ErrorCode code, FrameOutput& output) {
  failed_ = true;
  Close(DescribeError(code).close_code, {}, output);
}

void Session::OnPeerEnd() {
  if (state_ == ReadyState::kOpen) state_ = ReadyState::kClosing;
  wants_end_ = true;
}

}  // namespace wsuv
