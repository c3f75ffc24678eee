'use strict';

const { cpp: of } = require('../rows');

const STREAMS = 'MessageStream.*:InflatedStreamTest.*';
const FRAGMENTS = 'ConnectionTest.FragmentsAreWorthABudgetATurnToo';

module.exports = [
  ...of('src/protocol/message_stream.cc', STREAMS, [
    ['if (limit == 0 || rsv1 || message_.is_compressed_)', 'if (limit == 0)'],
    ['length > limit - message_.length_', 'length > limit'],
    ['piece.compressed && frame.fin && message_.fragments_ == 1', 'piece.compressed'],
    ['  message_.is_begun_ = true;\n', ''],
    ['  if (place == nullptr) place = data;\n', '  place = data;\n'],
    ['    key.Skip(progress.used);\n', ''],
    ['    masking.Apply(data + at, data + at, count - progress.used);\n', ''],
    ['if (frame.fin && !message_.utf8_.IsComplete()) return ErrorCode::kInvalidUtf8;', ''],
    ['  piece.last = frame.fin;\n', ''],
    ['  if (frame.fin) message_.Clear();\n', '']
  ]),
  ...of('src/protocol/piece_inflater.cc', STREAMS, [
    ['  if (!is_holding_) out.Clear();\n', ''],
    ['piece.last && is_behind && status', 'piece.last && status', 'the last piece has no bytes'],
    ['  length_ += step->made;\n', ''],
    ['(limits.max_stream_length > 0 && length_ > limits.max_stream_length) ||', ''],
    [' &&\n                            length_ <= limits.stream_threshold);', ');'],
    ['(!is_finished || utf8_.IsComplete())', 'true'],
    ['is_holding_ = piece.undecided;', 'is_holding_ = false;'],
    ['is_holding_ = piece.undecided;', 'is_holding_ = true;'],
    ['is_holding_ && held_.size() <= limits', 'is_holding_ && held_.size() < limits'],
    ['step.piece.first = !is_begun_;', 'step.piece.first = true;'],
    ['step.piece.last || step.made > 0', 'step.piece.last || true'],
    ['false, !inflation_.stream_ended()', 'false, true'],
    ['    stream_ = {};\n    return step;', '    return step;', 'whoever asked lets go of it']
  ]),
  ...of('src/protocol/piece_inflation.cc', STREAMS, [
    ['  if (stream_ended_) return Status::kDone;\n', '', 'zlib says so again'],
    ['has_next_byte_ ? 1 : 0', '0'],
    ['has_next_byte_ ? consumed - 1 : consumed', 'consumed'],
    ['  tail_at_ += used;\n', '', 'zlib takes all of it at once'],
    [
      'consumed == input.size && zlib.avail_out > 0',
      'consumed == input.size',
      'what is left comes with the next piece'
    ]
  ]),
  ...of('src/transport/turn_budget.h', FRAGMENTS, [
    ['    return Spend(0);', '    return Flow::kContinue;']
  ]),
  ...of('src/protocol/message_assembler.cc', FRAGMENTS, [
    ['return sink_.OnFragment();', 'return {};']
  ]),
  ...of('src/protocol/message_stream.cc', FRAGMENTS, [['return sink_.OnFragment();', 'return {};']])
];
