#ifndef WSUV_PROTOCOL_MESSAGE_SINK_H_
#define WSUV_PROTOCOL_MESSAGE_SINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "protocol/assert.h"
#include "protocol/bytes.h"
#include "protocol/error.h"
#include "protocol/flow.h"
#include "protocol/message_buffer.h"
#include "protocol/offset_list.h"

namespace wsuv {

/// What a reader accepts. One object serves many connections; 0 switches a limit off.
struct ReaderLimits {
  uint64_t max_payload = 100 * 1024 * 1024;   ///< Bytes of one message.
  uint32_t max_fragments = 16 * 1024;         ///< Data frames of one message.
  uint32_t max_buffered_chunks = 256 * 1024;  ///< Reads over which one frame may be spread.
  bool skip_utf8_validation = false;
  /// Messages of more bytes, and those in several frames, are passed on in pieces; 0: none is. The
  /// limits above are not for them, since nothing of them is held.
  uint64_t stream_threshold = 0;
  uint64_t max_stream_length = 0;  ///< Bytes of one message that is passed on in pieces.
};

/// A whole message, as the sink sees it.
struct Message {
  bool binary = false;
  bool ascii = false;  ///< A text known to be ASCII only (false also where it was not checked).
  bool compressed = false;  ///< `data` is deflated, and unchecked (RFC 7692).
  ByteView data;  ///< Unmasked; valid during the call only. It may lie where Place() said.
  /// Where not null, `data` is all of this buffer. The sink may take it, or the memory that it has
  /// allocated for it.
  MessageBuffer* buffer = nullptr;
  /// The end offset of each non-empty frame in `data`; null where it came in one frame.
  const OffsetList* fragment_ends = nullptr;
};

/// Some bytes of a message that is passed on as it comes. `data` may end within a character;
/// `fragment_ends` is null.
struct MessagePiece : Message {
  bool first = false;
  bool last = false;  ///< Often with no bytes.
  /// A compressed message in one frame: how long it is only shows when it is inflated.
  bool undecided = false;
};

/// Larger messages get memory of their own from a MessagePlacer, others only a place.
constexpr size_t kMaxPlacedMessage = 16 * 1024;

/// Says where the messages that it is going to get are to be put.
class MessagePlacer {
 public:
  /// Where a small message is to be put before OnMessage() is called with it, `size` bytes of room
  /// (at most kMaxPlacedMessage); null: the reader shows it where it has it. The place is given up
  /// if no OnMessage() follows.
  virtual uint8_t* Place(size_t size) {
    static_cast<void>(size);
    return nullptr;
  }
  /// Where a piece of a message is to be put before OnPiece() is called with it, `size` bytes of
  /// room; null: the reader shows it where it has it. `is_last_frame` if nothing of the message
  /// follows behind its frame.
  virtual uint8_t* PlacePiece(size_t size, bool is_last_frame) {
    static_cast<void>(size);
    static_cast<void>(is_last_frame);
    return nullptr;
  }
  /// Memory for a message of `size` bytes of which half has arrived; or null.
  virtual std::unique_ptr<MessageMemory> Allocate(size_t size) {
    static_cast<void>(size);
    return nullptr;
  }

 protected:
  ~MessagePlacer() = default;
};

/// Takes what a MessageReader finds. A view is valid during the call only.
class MessageSink : public MessagePlacer {
 public:
  virtual Flow OnMessage(const Message& message) = 0;
  /// Answers how much of the piece was taken: all of it. Of a compressed one it may be less, with
  /// kStop: then the rest comes again. (Behind a kStop the end of the message may still come, with
  /// no bytes, or what is wrong with that.)
  virtual Progress OnPiece(const MessagePiece& piece) {
    WSUV_ASSERT(false);  // For those only who set ReaderLimits::stream_threshold.
    return {piece.data.size, Flow::kContinue};
  }
  /// A frame is whole that does not end its message. (There may be many more of these than there
  /// are messages.)
  virtual Flow OnFragment() { return Flow::kContinue; }
  virtual Flow OnPing(ByteView payload) = 0;
  virtual Flow OnPong(ByteView payload) = 0;
  /// The peer's close frame; `code` is kNoCloseCode where it held none. Nothing follows it.
  virtual void OnClose(uint16_t code, ByteView reason) = 0;
  /// The peer broke the protocol or a limit; `detail` is the offending number. Nothing follows it.
  virtual void OnError(ErrorCode code, uint32_t detail) = 0;

 protected:
  ~MessageSink() = default;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_SINK_H_
