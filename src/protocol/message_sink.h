#ifndef WSUV_PROTOCOL_MESSAGE_SINK_H_
#define WSUV_PROTOCOL_MESSAGE_SINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>

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
};

/// A whole message, as the sink sees it.
struct Message {
  bool binary = false;
  bool ascii = false;  ///< A text known to be ASCII only (false also where it was not checked).
  bool compressed = false;  ///< `data` is deflated, and unchecked (RFC 7692).
  ByteView data;  ///< Unmasked; valid during the call only. It may lie where Place() said.
  /// Where not null, `data` is all of this buffer, and the sink may take the memory of it that it
  /// has allocated.
  MessageBuffer* buffer = nullptr;
  /// The end offset of each non-empty frame in `data`; null where it came in one frame.
  const OffsetList* fragment_ends = nullptr;
};

/// Larger messages get memory of their own from a MessagePlacer, others only a place.
constexpr size_t kMaxPlacedMessage = 16 * 1024;

/// Says where the messages are to be put that it is going to get.
class MessagePlacer {
 public:
  /// Where a small message is to be put before OnMessage() is called with it, `size` bytes of room
  /// (at most kMaxPlacedMessage); null: the reader shows it where it has it. The place is given up
  /// if no OnMessage() follows.
  virtual uint8_t* Place(size_t size) {
    static_cast<void>(size);
    return nullptr;
  }
  /// Memory for a message of `size` bytes of which half has arrived, or null.
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
