#ifndef WSUV_PROTOCOL_DEFLATE_H_
#define WSUV_PROTOCOL_DEFLATE_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/message_buffer.h"
#include "protocol/offset_list.h"

namespace wsuv {

/// The most bytes that a message may refer back to (RFC 1951).
constexpr size_t kHistorySize = 32 * 1024;
/// RFC 7692 7.2.1: what a sender takes off the end of a message, and a receiver puts back.
constexpr uint8_t kDeflateTail[] = {0x00, 0x00, 0xFF, 0xFF};

/// How one direction of a connection is compressed (RFC 7692 7.1), with zlib's own parameters.
struct DeflateSettings {
  int window_bits = 15;  ///< 8 to 15
  bool takeover = true;  ///< Whether a message may refer to those before it.
  int level = Z_DEFAULT_COMPRESSION;
  int mem_level = 8;
  int strategy = Z_DEFAULT_STRATEGY;
  std::vector<uint8_t> dictionary;  ///< What both sides take as sent before the first message.
};

/// One raw deflate stream of zlib: some 260 KiB at the default parameters, so it is lent to
/// whoever compresses rather than owned by a connection (see StreamPool).
class DeflateStream {
 public:
  /// About what one has at the default parameters, in bytes (see zconf.h).
  static constexpr size_t kMemory = (size_t{1} << 17) + (size_t{1} << 17) + 6 * 1024;

  /// Null when there is no memory, or zlib refuses the parameters.
  static std::unique_ptr<DeflateStream> Make(const DeflateSettings& settings);
  ~DeflateStream();
  DeflateStream(const DeflateStream&) = delete;
  DeflateStream& operator=(const DeflateStream&) = delete;

  /// Whether the stream can serve these settings too, after Reset().
  bool Fits(const DeflateSettings& settings) const;
  /// Begins anew, as if `history` (may be empty) had just been compressed.
  void Reset(ByteView history);
  /// Writes the bytes that what comes next may refer to, at most kHistorySize, and returns how many
  /// there are; only between messages or fragments.
  size_t History(uint8_t* out);

  /// Compresses a message, or a fragment of one, behind what is in `out` (RFC 7692 7.2.1). False
  /// when there is no memory.
  bool Compress(ByteView input, bool fin, MessageBuffer& out);

 private:
  explicit DeflateStream(const DeflateSettings& settings);

  z_stream stream_ = {};
  int window_bits_;
  int level_;
  int mem_level_;
  int strategy_;
};

/// One raw inflate stream of zlib: some 10 KiB, and the window once something was inflated.
class InflateStream {
 public:
  /// About what one has at most, in bytes.
  static constexpr size_t kMemory = kHistorySize + 10 * 1024;

  static std::unique_ptr<InflateStream> Make(const DeflateSettings& settings);
  ~InflateStream();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  bool Fits(const DeflateSettings& settings) const { return window_bits_ == settings.window_bits; }
  void Reset(ByteView history);
  size_t History(uint8_t* out);

  /// zlib's; for MessageInflation.
  z_stream& raw() { return stream_; }

 private:
  explicit InflateStream(int window_bits) : window_bits_(window_bits) {}

  z_stream stream_ = {};
  int window_bits_;
};

/// The inflating of one message, which can be interrupted (RFC 7692 7.2.2).
class MessageInflation {
 public:
  enum class Status : uint8_t {
    kDone,      ///< The whole message is in the buffer.
    kBudget,    ///< The buffer holds as much as Run() was allowed to make; call it again.
    kTooLong,   ///< The message is longer than the limit.
    kFailed,    ///< This is no deflated data; see error().
    kNoMemory,  ///< There is no memory for the result.
  };

  /// `limit` is the most bytes that the message may have; 0: any number. `fragment_ends` (may be
  /// null) are the ends of the frames in `input`.
  MessageInflation(ByteView input, const OffsetList* fragment_ends, uint64_t limit);

  /// Inflates until the message is whole or `out` holds `budget` bytes. It writes no more than one
  /// byte past the limit.
  Status Run(InflateStream& stream, MessageBuffer& out, size_t budget);
  /// The same input has moved to another place.
  void Rebase(const uint8_t* data) { input_.data = data; }

  /// The end offset of each frame that gave something, in the inflated message; empty where the
  /// message came in one frame.
  OffsetList& fragment_ends() { return out_ends_; }
  /// zlib's sentence about what is wrong; a string of static lifetime.
  const char* error() const { return error_; }
  /// Whether the peer ended the stream with the message (BFINAL), so that it has no history.
  bool stream_ended() const { return stream_ended_; }

 private:
  size_t CountOfSegments() const { return ends_.empty() ? 1 : ends_.size(); }
  ByteView Segment() const;
  bool EndSegment(const MessageBuffer& out);
  Status Step(z_stream& stream, ByteView segment, MessageBuffer& out, size_t budget);

  ByteView input_;
  OffsetList ends_;      // Of the frames in the input, if there are several.
  OffsetList out_ends_;  // Of the frames in the output.
  uint64_t limit_;
  size_t segment_ = 0;   // The frame that is worked on; behind the last one comes the tail.
  size_t consumed_ = 0;  // Of that.
  bool stream_ended_ = false;
  bool has_memory_ = true;  // For the ends of the frames.
  const char* error_ = "";
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_DEFLATE_H_
