'use strict';

const { cpp: of } = require('../rows');

module.exports = [
  ...of('src/protocol/closing_handshake.cc', 'ClosingHandshake.*', [
    ['if (sent_ || peer_ended_) return;', 'if (sent_) return;'],
    ['if (sent_ || peer_ended_) return;', 'if (peer_ended_) return;'],
    ['if (code != kNoCloseCode) {', '{'],
    ['std::min(reason.size, kMaxCloseReason)', 'reason.size'],
    ['  received_ = true;', ''],
    ['  failed_ = true;', '']
  ]),
  ...of('src/protocol/closing_handshake.h', 'ClosingHandshake.*', [
    ['return sent_ && received_;', 'return sent_ || received_;'],
    ['peer_ended_ || (sent_ && (received_ || failed_))', 'sent_ && (received_ || failed_)'],
    ['(sent_ && (received_ || failed_))', 'sent_'],
    ['return sent_ || peer_ended_;', 'return sent_;']
  ]),
  ...of('src/protocol/frame_parser.cc', 'FrameParser.*:MessageReader.*', [
    ['if (rsv1 && !rsv1_allowed_)', 'if (rsv1)'],
    [
      '    if (rsv1) return ErrorCode::kUnexpectedRsv1;\n    if (unfinished_',
      '    if (unfinished_'
    ],
    ['    if (rsv1) return ErrorCode::kUnexpectedRsv1;\n    if (length', '    if (length'],
    [
      'if (!fin) return ErrorCode::kExpectedFin;',
      'if (!fin && rsv1) return ErrorCode::kExpectedFin;'
    ],
    ['(opcode == 8 && length == 1)', 'false'],
    ['opcode >= 8 && opcode <= 10', 'opcode >= 8 && opcode <= 11'],
    ['header->length > kMaxPayloadLength', 'header->length > kMaxPayloadLength + 1'],
    ['header_have_ == 2 ||', ''],
    ['(length == 126 && header_have_ == 4)', 'false'],
    ['(length == 127 && header_have_ == 10)', 'false'],
    ['  payload_begun_ = false;', ''],
    ['if (role_ == Role::kServer && !masked)', 'if (false)'],
    ['if (role_ == Role::kClient && masked)', 'if (false)']
  ]),
  ...of('src/protocol/frame_parser.h', 'FrameParser.*:MessageReader.*', [
    [
      'if (ended_ || size == 0) return {size, Flow::kContinue};',
      'if (size == 0) return {size, Flow::kContinue};'
    ],
    [
      'while (at < size && verdict.goes_on() && !ended_)',
      'while (at < size && !verdict.failed() && !ended_)'
    ],
    [
      'if (at == size || !verdict.goes_on() || ended_) break;',
      'if (at == size || verdict.failed() || ended_) break;'
    ],
    [
      '    if (!verdict->goes_on() || ended_) break;\n',
      '    if (verdict->failed() || ended_) break;\n'
    ],
    ['    if (!verdict->goes_on() || ended_) break;\n', '    if (!verdict->goes_on()) break;\n'],
    ['held_chunks_ > max_chunks - 1) verdict', 'held_chunks_ > max_chunks) verdict'],
    ['  held_chunks_++;\n', ''],
    [
      '(in_payload_ && sink.HoldsPayload()) || WaitsWithinStep()',
      'in_payload_ && sink.HoldsPayload()'
    ],
    ['(in_payload_ && sink.HoldsPayload()) || WaitsWithinStep()', 'WaitsWithinStep()'],
    ['max_chunks > 0 && held_chunks_ >= max_chunks ? 0 : payload_left_', 'payload_left_'],
    [
      'max_chunks > 0 && held_chunks_ >= max_chunks ? 0',
      'max_chunks > 0 && held_chunks_ > max_chunks ? 0'
    ],
    ['if (frame_.opcode == Opcode::kClose) ended_ = true;', ''],
    [
      'if (frame_.fin) unfinished_ = Opcode::kContinuation;',
      'unfinished_ = Opcode::kContinuation;'
    ],
    ['if (length > max_length || size - at', 'if (size - at'],
    ['size - at < header_size + length) break;', 'size - at + 1 < header_size + length) break;'],
    ['(header[1] & kMaskBit) != mask_bit ||', ''],
    ['is_whole && frame_.fin && unfinished_ == Opcode::kContinuation', 'is_whole && frame_.fin'],
    ['  return verdict.flow;\n}', '  return Flow::kContinue;\n}'],
    ['return {at, verdict.flow};', 'return {at, at < size ? verdict.flow : Flow::kContinue};'],
    [
      '  if (payload_left_ == 0 && !verdict.failed()) verdict = EndFrame(sink);',
      '  if (payload_left_ == 0) verdict = EndFrame(sink);'
    ],
    [
      '    // The sink may stop us.\n    owned = std::move(partial_);\n    payload = {owned->control',
      '    payload = {partial.control'
    ]
  ]),
  ...of('src/protocol/message_assembler.cc', 'MessageReader.*', [
    ['length > limits_.max_payload - message_.length_', 'length > limits_.max_payload'],
    ['message_.fragments_ >= limits_.max_fragments', 'message_.fragments_ > limits_.max_fragments'],
    ['kFragmentAllowance + (limits_.max_payload - message_.length_)', 'UINT64_MAX'],
    ['buffer.size() + more < length / 2', 'false'],
    ['length <= kMaxPlacedMessage ||', ''],
    ['!frame.fin || message_.is_compressed_ ||', 'message_.is_compressed_ ||'],
    ['if (frame.fin) return length_;', ''],
    ['if (buffer.size() < kDirectThreshold) return {};', ''],
    ['std::min<uint64_t>(room, left)', 'room'],
    ['(!frame.fin || !ends.empty())', '!frame.fin'],
    ['end > ends.last() &&', ''],
    ['owned->fragment_ends.size() > 1', 'true'],
    ['if (!message_.utf8_.IsComplete()) return ErrorCode::kInvalidUtf8;', ''],
    ['!limits_.skip_utf8_validation &&\n', ''],
    [
      '  if (is_first) {\n    message_.is_compressed_ = rsv1;',
      '  message_.is_compressed_ = rsv1;\n  if (is_first) {'
    ],
    ['if (!IsValidCloseCode(code)) return {ErrorCode::kInvalidCloseCode, code};', ''],
    ['  message_.Clear();\n  sink_.OnError(code, detail);', '  sink_.OnError(code, detail);'],
    ['  message_.Clear();\n  sink_.OnClose(code, reason);', '  sink_.OnClose(code, reason);']
  ]),
  ...of('src/protocol/message_assembler.h', 'MessageReader.*', [
    ['if (size > kMaxPlacedMessage && !is_compressed)', 'if (false)'],
    ['size >= kPlaceThreshold && !is_compressed', 'size >= kPlaceThreshold'],
    [
      '!CheckText(opcode, place, size) || !message_.utf8_.IsComplete()',
      '!CheckText(opcode, place, size)'
    ],
    ['    utf8_.Reset();\n', ''],
    ['std::min<uint64_t>(most, kMaxPlacedMessage - 1)', '(kMaxPlacedMessage - 1)']
  ]),
  ...of('src/protocol/message_buffer.cc', 'MessageBuffer.*:MessageReader.*:Memory.*', [
    ['if (capacity > ceiling)', 'if (false)'],
    ['if (memory_ == nullptr) std::free(data_);\n  memory_', 'memory_']
  ]),
  ...of('src/protocol/stream_pool.h', 'StreamPoolTest.*:Deflate.*:CompressionTest.*:Memory.*', [
    ['return at_work() < kMaxStreams;', 'return at_work() <= kMaxStreams;'],
    [
      'size_ >= kMaxStreams && free_.empty() && oldest_ != nullptr',
      'size_ > kMaxStreams && free_.empty() && oldest_ != nullptr'
    ],
    ['if (size_ > kMaxStreams) oldest_->Evict();', ''],
    ['size_ <= kMaxStreams && free_.size() < kMaxFree', 'free_.size() < kMaxFree'],
    ['size_ <= kMaxStreams && free_.size() < kMaxFree', 'size_ <= kMaxStreams'],
    ['if (!stream->Fits(settings)) continue;', ''],
    ['oldest_->used_ != epoch_', 'false'],
    [
      'if (!in_message && !(has_history && settings_->takeover)) return;',
      'if (!(has_history && settings_->takeover)) return;'
    ],
    ['has_history && settings_->takeover', 'has_history'],
    ['if (history_.size() > 0) {', 'if (false) {'],
    ['is_lost_ = !history_.Reserve(size, size);', 'if (!history_.Reserve(size, size)) return;'],
    ['    history_ = MessageBuffer();\n    return', '    return']
  ]),
  ...of('src/protocol/deflate.cc', 'Deflate.*:StreamPoolTest.*:CompressionTest.*:Memory.*', [
    ['return window_bits_ == settings.window_bits && level_', 'return level_'],
    ['mem_level_ == settings.mem_level &&', ''],
    ['limit_ > 0 ? limit_ + 1 : UINT64_MAX', 'UINT64_MAX'],
    ['out.size() > limit_', 'out.size() >= limit_'],
    ['if (stream_ended_) break;', '', 'zlib says so again'],
    ['      stream_ended_ = true;\n', ''],
    ['segment_ < CountOfSegments() && !EndSegment(out)', '!EndSegment(out)'],
    ['if (!fin) return true;', ''],
    ['if (!has_memory_) return Status::kNoMemory;', '']
  ])
];
