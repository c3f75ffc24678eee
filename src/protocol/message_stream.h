#ifndef WSUV_PROTOCOL_MESSAGE_STREAM_H_
#define WSUV_PROTOCOL_MESSAGE_STREAM_H_

#include <cstddef>
#include <cstdint>

#include "protocol/error.h"
#include "protocol/flow.h"
#include "protocol/frame_parser.h"
#include "protocol/mask.h"
#include "protocol/message_assembler.h"
#include "protocol/message_sink.h"

namespace wsuv {

/// Passes a message on as it comes, and holds nothing of it: what MessageAssembler does with those
/// for which ReaderLimits::stream_threshold is set. It lives as long as a call.
///
/// Text is checked as it comes, and the length where a frame claims it. Of a compressed message
/// both are left to whoever inflates it.
class MessageStream {
 public:
  MessageStream(UnfinishedMessage& message, const ReaderLimits& limits, MessageSink& sink)
      : message_(message), limits_(limits), sink_(sink) {}

  /// Whether the message that begins with this frame is passed on as it comes. (The length of a
  /// fragmented or a compressed one is not known.)
  static bool Takes(DataFrame frame, bool rsv1, uint64_t length, const ReaderLimits& limits) {
    return limits.stream_threshold > 0 && (!frame.fin || rsv1 || length > limits.stream_threshold);
  }

  // See FrameParser.
  ErrorCode CheckLength(bool rsv1, uint64_t length) const;
  Verdict OnPayload(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key);
  Verdict OnFrameEnd(DataFrame frame);

 private:
  Verdict OnPlain(DataFrame frame, uint8_t* data, size_t size, MaskingKey& key);
  Verdict OnCompressed(DataFrame frame, uint8_t* data, size_t* size, MaskingKey& key);
  MessagePiece Describe(DataFrame frame, ByteView data);

  UnfinishedMessage& message_;
  const ReaderLimits& limits_;
  MessageSink& sink_;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_STREAM_H_
