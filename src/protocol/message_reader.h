#ifndef WSUV_PROTOCOL_MESSAGE_READER_H_
#define WSUV_PROTOCOL_MESSAGE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/error.h"
#include "protocol/frame.h"
#include "protocol/mask.h"
#include "protocol/message_buffer.h"
#include "protocol/utf8.h"

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
  const std::vector<size_t>* fragment_ends = nullptr;
};

/// What a sink answers: whether the reader shall go on with the bytes it has.
enum class Flow : uint8_t { kContinue, kStop };

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

/// Parses the frames of one direction of a connection and puts messages together (RFC 6455 5).
///
/// Without I/O: bytes in, calls of a MessageSink out. Memory is held only while a message or a
/// control frame is incomplete, and then no more than twice what arrived of it.
class MessageReader {
 public:
  /// `role` is our own: a server expects masked frames, a client unmasked ones.
  explicit MessageReader(Role role) : role_(role), rsv1_allowed_(false), compressed_(false) {}

  /// Parses `size` bytes, which it may change (unmasking is done in place). Returns how many it
  /// consumed: all of them, unless the sink answered kStop; then pass the rest again later.
  /// After OnClose or OnError it swallows everything.
  size_t Read(uint8_t* data, size_t size, const ReaderLimits& limits, MessageSink& sink);

  /// Memory into which the transport may read the next bytes of a large payload directly; empty
  /// where it should read elsewhere and call Read(). The size is what fits.
  struct Window {
    uint8_t* data = nullptr;
    size_t size = 0;
  };
  Window DirectWindow(const ReaderLimits& limits);

  /// `size` bytes have been written to the start of the DirectWindow.
  void ReadDirect(size_t size, const ReaderLimits& limits, MessageSink& sink);

  /// Whether permessage-deflate was negotiated, so that RSV1 may be set on a message's first frame.
  void set_rsv1_allowed(bool allowed) { rsv1_allowed_ = allowed; }

  /// Takes what comes from now on as if an error had been found before it.
  void Stop();

  /// Whether a close frame or an error ended the stream of messages.
  bool ended() const { return ended_; }

  /// Bytes of heap memory held for this connection's unfinished message.
  size_t HeldBytes() const;

 private:
  // Memory of an unfinished message, control frame or header.
  struct Partial {
    MessageBuffer message;
    std::vector<size_t> fragment_ends;
    uint8_t header[kMaxFrameHeaderSize];  // As far as it is there.
    uint8_t control[kMaxControlPayload];
    uint8_t control_size = 0;
  };

  enum class Parse : uint8_t { kIncomplete, kComplete, kFailed };

  Parse ParseHeader(const uint8_t* bytes, size_t have, const ReaderLimits& limits,
                    MessageSink& sink);
  size_t ReadWholeMessages(uint8_t* data, size_t size, const ReaderLimits& limits,
                           MessageSink& sink, Flow* flow);
  bool CheckFirstBytes(const uint8_t* bytes, MessageSink& sink);
  bool CheckLength(uint64_t length, Opcode opcode, const ReaderLimits& limits, MessageSink& sink);
  size_t ReadPayload(uint8_t* data, size_t size, const ReaderLimits& limits, MessageSink& sink,
                     Flow* flow);
  Flow FinishControl(ByteView payload, const ReaderLimits& limits, MessageSink& sink);
  Flow FinishWhole(uint8_t* payload, size_t size, const ReaderLimits& limits, MessageSink& sink);
  uint64_t Ceiling(const ReaderLimits& limits) const;
  bool AppendData(uint8_t* data, size_t size, const ReaderLimits& limits, MessageSink& sink);
  void Settle(size_t more, MessageSink& sink);
  bool CheckText(const uint8_t* data, size_t size, const ReaderLimits& limits, MessageSink& sink);
  Flow FinishDataFrame(const ReaderLimits& limits, MessageSink& sink);
  void EndMessage();
  Flow Fail(MessageSink& sink, ErrorCode code, uint32_t detail = 0);
  Partial& EnsurePartial();

  std::unique_ptr<Partial> partial_;
  uint64_t payload_length_ = 0;  // Of the current frame.
  uint64_t payload_left_ = 0;    // Of the current frame.
  uint64_t message_length_ = 0;  // The payload lengths of this message's frames so far.
  uint32_t fragments_ = 0;       // Data frames of this message so far.
  uint32_t held_chunks_ = 0;     // Reads whose bytes the current step of parsing waits with.
  MaskingKey key_;
  Utf8Validator utf8_;
  Role role_;
  Opcode opcode_ = Opcode::kContinuation;  // Of the current frame; continuations: the message's.
  Opcode fragmented_ = Opcode::kContinuation;  // Of the unfinished message, if there is one.
  bool fin_ = false;
  bool in_payload_ = false;
  bool ended_ = false;
  bool rsv1_allowed_ : 1;
  bool compressed_ : 1;
  uint8_t header_have_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_MESSAGE_READER_H_
