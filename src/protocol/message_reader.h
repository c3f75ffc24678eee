#ifndef WSUV_PROTOCOL_MESSAGE_READER_H_
#define WSUV_PROTOCOL_MESSAGE_READER_H_

#include <cstddef>
#include <cstdint>

#include "protocol/flow.h"
#include "protocol/frame.h"
#include "protocol/frame_parser.h"
#include "protocol/message_assembler.h"
#include "protocol/message_sink.h"

namespace wsuv {

/// Reads the messages of one direction of a connection: a FrameParser, and what its frames add up
/// to.
///
/// Without I/O: bytes in, calls of a MessageSink out. Memory is held only while a message or a
/// control frame is incomplete, and then no more than twice what arrived of it.
class MessageReader {
 public:
  /// `role` is our own: a server expects masked frames, a client unmasked ones.
  explicit MessageReader(Role role) : parser_(role) {}

  Role role() const { return parser_.role(); }

  /// Parses `size` bytes, which it may change (unmasking is done in place), until the sink answers
  /// kStop. After OnClose or OnError it swallows everything.
  Progress Read(uint8_t* data, size_t size, const ReaderLimits& limits, MessageSink& sink);

  /// Memory into which the transport may read the next bytes of a large payload directly; empty
  /// where it should read elsewhere and call Read().
  ReadWindow DirectWindow(const ReaderLimits& limits);

  /// `size` bytes have been written to the start of the DirectWindow(). Returns what the sink
  /// answered, if there was something for it.
  Flow ReadDirect(size_t size, const ReaderLimits& limits, MessageSink& sink);

  /// Whether permessage-deflate was negotiated, so that RSV1 may be set on a message's first frame.
  void set_rsv1_allowed(bool allowed) { parser_.set_rsv1_allowed(allowed); }

  /// Takes what comes from now on as if an error had been found before it.
  void Stop();

  /// Whether a close frame or an error ended the stream of messages.
  bool ended() const { return parser_.ended(); }

  /// Bytes of heap memory held for what has not arrived whole.
  size_t HeldBytes() const { return parser_.HeldBytes() + message_.HeldBytes(); }

 private:
  FrameParser parser_;
  UnfinishedMessage message_;
};

// Every connection has one.
static_assert(sizeof(void*) != 8 || sizeof(MessageReader) <= 56, "a reader has grown");

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_READER_H_
