#ifndef WSUV_PROTOCOL_PIECE_INFLATER_H_
#define WSUV_PROTOCOL_PIECE_INFLATER_H_

#include <cstddef>
#include <cstdint>

#include "protocol/message_sink.h"
#include "protocol/piece_inflation.h"
#include "protocol/stream_pool.h"
#include "protocol/utf8.h"

namespace wsuv {

/// What one step of a PieceInflater has come to.
struct InflatedStep {
  enum class Result : uint8_t {
    kNothing,  ///< Nothing to be passed on yet.
    kPiece,    ///< `piece`, which is not compressed any more.
    kMessage,  ///< `piece` is a whole message that is no longer than the threshold.
    kFailed,   ///< `error`, and zlib's sentence.
  };

  Result result = Result::kNothing;
  /// There is more to inflate: of the piece, or of what is behind the last one.
  bool more = false;
  size_t used = 0;     ///< Bytes of the piece that are done with.
  size_t made = 0;     ///< Bytes that were inflated.
  MessagePiece piece;  ///< Its data is valid until the next step.
  ErrorCode error = ErrorCode::kNone;
  const char* sentence = "";
};

/// Inflates one message that is passed on as it comes, and checks what can only be checked then. In
/// each step it makes no more than kStep bytes, so that whoever calls it can stop wherever he
/// likes.
///
/// It has a zlib stream for as long as the message takes: some 40 KiB. Of a message in one frame it
/// holds what it inflates until that is longer than the threshold.
class PieceInflater {
 public:
  static constexpr size_t kStep = 64 * 1024;

  /// Both must outlive it. `scratch` is memory for a result, until the next step.
  PieceInflater(StreamLease<InflateStream>* lease, MessageBuffer* scratch)
      : lease_(lease), scratch_(scratch) {}

  /// Inflates some of what `piece` has. After kFailed, and once the last piece has no more, the
  /// message is over, and so is this.
  InflatedStep Step(const MessagePiece& piece, const ReaderLimits& limits);
  /// No piece comes for now.
  void Rest() {
    if (stream_) stream_.Exempt();
  }

 private:
  size_t Room(const ReaderLimits& limits) const;
  ErrorCode Check(const MessagePiece& piece, ByteView made, bool is_finished,
                  const ReaderLimits& limits);
  ErrorCode Inflate(const MessagePiece& piece, const ReaderLimits& limits, InflatedStep* step,
                    bool* is_finished);

  StreamLease<InflateStream>* lease_;
  MessageBuffer* scratch_;
  BorrowedStream<InflateStream> stream_;
  PieceInflation inflation_;
  MessageBuffer held_;
  uint64_t length_ = 0;  // Of the message, so far.
  Utf8Validator utf8_;
  bool is_holding_ = false;
  bool is_begun_ = false;  // Some of it was passed on.
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_PIECE_INFLATER_H_
