#ifndef WSUV_PROTOCOL_PIECE_INFLATION_H_
#define WSUV_PROTOCOL_PIECE_INFLATION_H_

#include <cstddef>

#include "protocol/bytes.h"
#include "protocol/deflate.h"

namespace wsuv {

/// The inflating of one message of which neither the input nor the output is ever there whole (RFC
/// 7692 7.2.2).
class PieceInflation {
 public:
  enum class Status : uint8_t {
    kDone,      ///< There is nothing more in this input.
    kFull,      ///< There is no more room for output: call it again, with the rest of the input.
    kFailed,    ///< This is no deflated data; see error().
    kNoMemory,  ///< zlib has none.
  };

  /// Inflates some of `input` to `out`, which has room for `room` bytes, at least one. `used` of
  /// the input are done with, `made` were written. Not all of the input is done with before all of
  /// its output is there: so whoever has no input left has missed nothing.
  Status Run(InflateStream& stream, ByteView input, uint8_t* out, size_t room, size_t* used,
             size_t* made);
  /// The same behind the last input, with what ends every message. (Which is 4 bytes, and so no
  /// more than some KiB of output, whatever came before it.)
  Status Finish(InflateStream& stream, uint8_t* out, size_t room, size_t* made);

  /// zlib's sentence about what is wrong; a string of static lifetime.
  const char* error() const { return error_; }
  /// Whether the peer ended the stream with the message (BFINAL), so that it has no history.
  bool stream_ended() const { return stream_ended_; }

 private:
  size_t tail_at_ = 0;  // Of the tail, what is done with.
  const char* error_ = "";
  bool stream_ended_ = false;
  bool has_next_byte_ = false;  // zlib has the input's next byte already.
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_PIECE_INFLATION_H_
