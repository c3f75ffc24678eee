#include "protocol/piece_inflater.h"

#include <algorithm>
#include <utility>

namespace wsuv {

namespace {

constexpr size_t kFirstRoom = 256;

// Until one byte more than `limit`; at least one.
uint64_t Left(uint64_t limit, uint64_t length) { return length <= limit ? limit + 1 - length : 1; }

}  // namespace

// How much may be made in a step: where there is a limit, one byte more than that at most. (Limits
// may have changed since the last step.)
size_t PieceInflater::Room(const ReaderLimits& limits) const {
  uint64_t room = kStep;
  if (limits.max_stream_length > 0) {
    room = std::min(room, Left(limits.max_stream_length, length_));
  }
  if (is_holding_) {
    room = std::min(room, Left(limits.stream_threshold, held_.size()));
    if (limits.max_payload > 0) room = std::min(room, Left(limits.max_payload, held_.size()));
  }
  return static_cast<size_t>(room);
}

ErrorCode PieceInflater::Inflate(const MessagePiece& piece, const ReaderLimits& limits,
                                 InflatedStep* step, bool* is_finished) {
  MessageBuffer& out = is_holding_ ? held_ : *scratch_;
  if (!is_holding_) out.Clear();
  size_t room = Room(limits);
  // Most messages are short.
  if (is_holding_) room = std::min(room, std::max(2 * piece.data.size, kFirstRoom));
  if (!out.Reserve(room, is_holding_ ? limits.stream_threshold + 1 : kStep)) {
    return ErrorCode::kOutOfMemory;
  }
  uint8_t* const place = out.data() + out.size();
  const bool is_behind = piece.data.size == 0;
  PieceInflation::Status status = PieceInflation::Status::kDone;
  if (!is_behind) {
    status = inflation_.Run(*stream_, piece.data, place, room, &step->used, &step->made);
  } else if (piece.last) {
    status = inflation_.Finish(*stream_, place, room, &step->made);
  }
  if (status == PieceInflation::Status::kNoMemory) return ErrorCode::kOutOfMemory;
  if (status == PieceInflation::Status::kFailed) {
    step->sentence = inflation_.error();
    return ErrorCode::kInvalidDeflateData;
  }
  out.Commit(step->made);
  length_ += step->made;
  *is_finished = piece.last && is_behind && status == PieceInflation::Status::kDone;
  step->more = !*is_finished && (piece.last || status == PieceInflation::Status::kFull);
  return Check(piece, {place, step->made}, *is_finished, limits);
}

ErrorCode PieceInflater::Check(const MessagePiece& piece, ByteView made, bool is_finished,
                               const ReaderLimits& limits) {
  const bool is_too_long = (limits.max_stream_length > 0 && length_ > limits.max_stream_length) ||
                           (is_holding_ && limits.max_payload > 0 && length_ > limits.max_payload &&
                            length_ <= limits.stream_threshold);
  if (is_too_long) return ErrorCode::kUnsupportedMessageLength;
  if (piece.binary || limits.skip_utf8_validation) return ErrorCode::kNone;
  return utf8_.Push(made.data, made.size) && (!is_finished || utf8_.IsComplete())
             ? ErrorCode::kNone
             : ErrorCode::kInvalidUtf8;
}

InflatedStep PieceInflater::Step(const MessagePiece& piece, const ReaderLimits& limits) {
  InflatedStep step;
  bool is_finished = false;
  if (!stream_) {
    stream_ = lease_->Borrow();
    is_holding_ = piece.undecided;
  }
  step.error = stream_ ? Inflate(piece, limits, &step, &is_finished) : ErrorCode::kOutOfMemory;
  if (step.error != ErrorCode::kNone) {
    step.result = InflatedStep::Result::kFailed;
    stream_ = {};
    return step;
  }
  const bool is_short = is_holding_ && held_.size() <= limits.stream_threshold;
  if (is_short && !is_finished) return step;
  if (is_holding_) std::swap(held_, *scratch_);
  is_holding_ = false;
  step.piece.binary = piece.binary;
  step.piece.ascii = !piece.binary && !limits.skip_utf8_validation && utf8_.IsAscii();
  step.piece.data = {scratch_->data(), scratch_->size()};
  step.piece.first = !is_begun_;
  step.piece.last = is_finished;
  is_begun_ = true;
  if (is_short) {
    step.result = InflatedStep::Result::kMessage;
  } else if (step.piece.first || step.piece.last || step.made > 0) {
    step.result = InflatedStep::Result::kPiece;
  }
  if (is_finished) {
    lease_->Return(std::move(stream_), false, !inflation_.stream_ended());
    stream_ = {};
  }
  return step;
}

}  // namespace wsuv
