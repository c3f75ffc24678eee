#ifndef WSUV_PROTOCOL_CLOSING_HANDSHAKE_H_
#define WSUV_PROTOCOL_CLOSING_HANDSHAKE_H_

#include <cstdint>

#include "protocol/bytes.h"
#include "protocol/error.h"
#include "protocol/frame.h"

namespace wsuv {

/// Where a closing handshake puts its frames.
class FrameOutput {
 public:
  /// Queues one unfragmented frame behind all that was queued before.
  virtual void WriteFrame(Opcode opcode, ByteView payload) = 0;

 protected:
  ~FrameOutput() = default;
};

/// The closing handshake of one connection: which close frames went and came, and what is due (RFC
/// 6455 5.5.1 and 7).
///
/// What is read takes effect in two steps. A MessageReader reports to its sink, which may keep the
/// events in a queue; whoever takes an event out of that queue calls the matching On...() method
/// here, and only then is there a reaction. So an answer to a message leaves before the answer to
/// the close frame that came right behind the message, as it does in ws.
class ClosingHandshake {
 public:
  ClosingHandshake() : sent_(false), received_(false), failed_(false), peer_ended_(false) {}

  /// Our side closes: sends a close frame, with `code` unless it is kNoCloseCode. `code` has been
  /// checked, and `reason`, of which no more is taken than kMaxCloseReason bytes. It does nothing
  /// once a close frame was sent, or the peer ended.
  void Close(uint16_t code, ByteView reason, FrameOutput& output);
  /// The peer's close frame: answers it with the same code and reason.
  void OnPeerClose(uint16_t code, ByteView reason, FrameOutput& output);
  /// The peer broke a rule: tells it which.
  void OnProtocolError(ErrorCode code, FrameOutput& output);
  /// The peer sends no more bytes.
  void OnPeerEnd() { peer_ended_ = true; }

  /// Whether both close frames have been exchanged.
  bool was_clean() const { return sent_ && received_; }
  /// Whether the transport should send what is queued and then end its side of the connection.
  bool wants_end() const { return peer_ended_ || (sent_ && (received_ || failed_)); }
  /// Whether to wait no longer than the close time-out for the peer's end.
  bool wants_deadline() const { return sent_ || peer_ended_; }

 private:
  bool sent_ : 1;
  bool received_ : 1;
  bool failed_ : 1;
  bool peer_ended_ : 1;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_CLOSING_HANDSHAKE_H_
