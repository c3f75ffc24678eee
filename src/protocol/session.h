#ifndef WSUV_PROTOCOL_SESSION_H_
#define WSUV_PROTOCOL_SESSION_H_

#include <cstdint>
#include <memory>

#include "protocol/bytes.h"
#include "protocol/error.h"
#include "protocol/frame.h"
#include "protocol/message_reader.h"

namespace wsuv {

/// The state of a connection after its opening handshake, as the WebSocket API numbers it.
enum class ReadyState : uint8_t { kConnecting, kOpen, kClosing, kClosed };

/// Where a session puts the frames that the closing handshake asks for.
class FrameOutput {
 public:
  /// Queues one unfragmented frame behind all that was queued before.
  virtual void WriteFrame(Opcode opcode, ByteView payload) = 0;

 protected:
  ~FrameOutput() = default;
};

/// The state machine of one connection: which frames may still be sent, who has closed, and when
/// the transport should end (RFC 6455 5.5.1 and 7).
///
/// What is read takes effect in two steps. Read() reports to the sink, which may keep the events
/// in a queue; whoever takes an event out of that queue calls the matching On...() method, and
/// only then does the session react. So an answer to a message leaves before the answer to the
/// close frame that came right behind the message, as it does in ws.
class Session {
 public:
  explicit Session(Role role) : reader_(role), role_(role) {}

  MessageReader& reader() { return reader_; }
  const MessageReader& reader() const { return reader_; }
  Role role() const { return role_; }
  ReadyState state() const { return state_; }
  void Open() { state_ = ReadyState::kOpen; }
  void SetClosed() { state_ = ReadyState::kClosed; }

  /// Our side closes: sends a close frame, with `code` unless it is kNoCloseCode. `code` and
  /// `reason` have been checked. In state kClosing it does nothing.
  void Close(uint16_t code, ByteView reason, FrameOutput& output);
  /// The peer's close frame: answers it with the same code and reason.
  void OnPeerClose(uint16_t code, ByteView reason, FrameOutput& output);
  /// The peer broke a rule: tells it which.
  void OnProtocolError(ErrorCode code, FrameOutput& output);
  /// The peer sends no more bytes.
  void OnPeerEnd();

  /// Whether the transport should send what is queued and then end its side of the connection.
  bool wants_end() const { return wants_end_; }
  /// Whether both close frames have been exchanged.
  bool was_clean() const { return close_sent_ && close_received_; }
  /// Whether to wait no longer than the close time-out for the peer's end.
  bool wants_close_deadline() const { return state_ == ReadyState::kClosing; }

 private:
  MessageReader reader_;
  Role role_;
  ReadyState state_ = ReadyState::kConnecting;
  bool close_sent_ = false;
  bool close_received_ = false;
  bool failed_ = false;
  bool wants_end_ = false;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_SESSION_H_
