// Two ends that close, answer, break rules and go away in any order, with frames on their way
// between them.

#include <cstdlib>
#include <deque>
#include <string>

#include "protocol/closing_handshake.h"
#include "support/script.h"

namespace {

using wsuv::ByteView;
using wsuv::ClosingHandshake;
using wsuv::ErrorCode;
using wsuv::FrameOutput;
using wsuv::kMaxCloseReason;
using wsuv::kMaxControlPayload;
using wsuv::kNoCloseCode;
using wsuv::Opcode;
using wsuv::test::Script;

void Check(bool holds) {
  if (!holds) std::abort();
}

// One end, and what is to be true of it.
struct End final : FrameOutput {
  ClosingHandshake closing;
  std::deque<std::string> inbox;  // Close frames of the peer that it has not looked at.
  End* peer = nullptr;
  int sent = 0;
  bool got = false;
  bool failed = false;
  bool peer_ended = false;

  void WriteFrame(Opcode opcode, ByteView payload) override {
    Check(opcode == Opcode::kClose);
    Check(payload.size <= kMaxControlPayload && payload.size != 1);
    Check(!peer_ended);
    sent++;
    peer->inbox.emplace_back(payload.text());
  }

  void CheckState() const {
    Check(sent <= 1);
    Check(closing.was_clean() == (sent == 1 && got));
    Check(closing.wants_end() == (peer_ended || (sent == 1 && (got || failed))));
    Check(closing.wants_deadline() == (sent == 1 || peer_ended));
  }
};

void Step(End& end, Script& script) {
  const int sent_before = end.sent;
  switch (script.Below(4)) {
    case 0: {
      const auto code = static_cast<uint16_t>(script.Flag() ? kNoCloseCode : script.Below(65536));
      const std::string reason = script.Text(script.Below(300));
      end.closing.Close(code, ByteView(std::string_view(reason)), end);
      Check(end.sent == 1 || end.peer_ended);
      if (end.sent > sent_before) {
        const std::string& frame = end.peer->inbox.back();
        Check(frame.size() ==
              (code == kNoCloseCode ? 0 : 2 + std::min(reason.size(), kMaxCloseReason)));
        if (!frame.empty()) Check(reason.compare(0, frame.size() - 2, frame.substr(2)) == 0);
      }
      break;
    }
    case 1: {
      if (end.inbox.empty() || end.got || end.failed) break;
      const std::string frame = end.inbox.front();
      end.inbox.pop_front();
      end.got = true;
      const auto code = frame.empty() ? kNoCloseCode
                                      : static_cast<uint16_t>(static_cast<uint8_t>(frame[0]) << 8 |
                                                              static_cast<uint8_t>(frame[1]));
      const std::string reason = frame.empty() ? "" : frame.substr(2);
      end.closing.OnPeerClose(code, ByteView(std::string_view(reason)), end);
      // It answers with what it got, code 1005 by an empty frame.
      if (end.sent > sent_before && code != kNoCloseCode) Check(end.peer->inbox.back() == frame);
      break;
    }
    case 2:
      if (end.got) break;
      end.failed = true;
      end.closing.OnProtocolError(
          static_cast<ErrorCode>(1 + script.Below(wsuv::kErrorCodeCount - 1)), end);
      break;
    case 3:
      end.peer_ended = true;
      end.closing.OnPeerEnd();
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(data, size);
  End ends[2];
  ends[0].peer = &ends[1];
  ends[1].peer = &ends[0];
  while (!script.empty()) {
    Step(ends[script.Below(2)], script);
    ends[0].CheckState();
    ends[1].CheckState();
  }
  return 0;
}
