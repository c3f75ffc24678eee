'use strict';

const { cpp: of } = require('../rows');

const CONNECTIONS = 'ConnectionTest.*:SocketConnectionTest.*:ExternalConnectionTest.*';
const LOOPS = `LoopTest.*:ListenerTest.*:${CONNECTIONS}`;

module.exports = [
  ...of('src/transport/connection.cc', CONNECTIONS, [
    ['if (!has_next_key) connection_->loop_->NextMaskingKey(key);', 'std::memset(key, 0, 4);'],
    ['has_next_key ? extras->next_key : key', 'key'],
    ['extras.has_next_key = true;', ''],
    [
      'stage_ == Stage::kWebSocket && !HasDeadline(DeadlineKind::kClosing)',
      'stage_ == Stage::kWebSocket'
    ],
    ['if (closing_.wants_deadline()) ExpectEnd();', ''],
    ['    if (reader_.ended()) Resume();\n', ''],
    ['if (extras.last_activity == 0) extras.last_activity', 'extras.last_activity'],
    ['void Connection::Terminate() {\n  Flush();', 'void Connection::Terminate() {'],
    ['  muted_ = true;\n  DropInput();\n  Destroy();', '  DropInput();\n  Destroy();'],
    ['  muted_ = true;\n  DropInput();\n  Destroy();', '  muted_ = true;\n  Destroy();'],
    ['  destroyed_ = true;\n', ''],
    ['if (stage_ != Stage::kWebSocket) DropInput();', ''],
    ['  deadlines_.reset();\n  // Node', '  // Node'],
    ['inflating() || (held_ && input_ != nullptr)) return;', 'inflating()) return;'],
    ['if (input_ != nullptr && !loop_->budget().is_spent()) ReadInput();', ''],
    ['  if (input_ != nullptr) {\n    Hold();\n  } else {', '  {'],
    ['if (!transport_gone_ || !released_) return;', 'if (!released_) return;']
  ]),
  ...of('src/transport/connection_head.cc', CONNECTIONS, [
    ['if (settings_->handshake_timeout == 0) return;', 'return;'],
    ['if (bytes.size() > head_size &&', 'if (bytes.size() > head_size + 1 &&'],
    [
      '  DropDeadline(DeadlineKind::kHandshake);\n  stage_ = Stage::kDeciding;\n  // What',
      '  stage_ = Stage::kDeciding;\n  // What'
    ],
    [
      '  if (settings != nullptr) settings_ = std::move(settings);\n  SendResponse',
      '  SendResponse'
    ],
    [
      '  SendResponse(ByteView(response));\n  GoOnReading();',
      '  SendResponse(ByteView(response));'
    ],
    [
      'if (stage_ != Stage::kDeciding) return;\n  stage_ = Stage::kRejected;',
      'stage_ = Stage::kRejected;'
    ],
    ['settings_->handshake_timeout > 0\n', 'true\n'],
    ['if (!peer_ended_) StartReading();', '']
  ]),
  ...of('src/transport/connection_read.cc', CONNECTIONS, [
    ['if (early.size == 0) return 0;', 'return 0;'],
    [
      'stage_ != Stage::kWebSocket || input_ != nullptr || paused_) return {};',
      'stage_ != Stage::kWebSocket || input_ != nullptr) return {};'
    ],
    ['  NoteActivity();\n  if (!tapped_)', '  if (!tapped_)'],
    ['  if (!tapped_) return;\n', ''],
    ['if (input_size() > kMaxEarlyInput) StopReading();', ''],
    ['if (muted_) break;', ''],
    ['if (input_size() >= settings_->high_water_mark) StopReading();', ''],
    ['} else if (is_holding()) {', '} else if (input_ != nullptr) {'],
    ['} else if (is_holding()) {', '} else if (held_) {'],
    ['} else if (is_holding()) {', '} else if (inflating()) {'],
    [
      '} else if (loop_->budget().is_spent()) {\n        Keep(data, size);\n        Hold();',
      '} else if (loop_->budget().is_spent()) {\n        Keep(data, size);'
    ],
    ['if (used == size || muted_) return;', 'if (used == size) return;'],
    ['if (!inflating() && !paused_) Hold();', 'if (!paused_) Hold();'],
    ['if (!inflating() && !paused_) Hold();', 'if (!inflating()) Hold();'],
    ['if (!input->empty() && !muted_) input_', 'if (!input->empty()) input_'],
    ['if (held_) loop_->budget().AddHeld(size);', ''],
    ['if (held_) loop_->budget().SubtractHeld(input_size());', ''],
    ['  loop_->budget().SubtractHeld(input_size());\n  held_', '  held_'],
    ['    if (!inflating()) Hold();\n', '    Hold();\n'],
    ['if (!inflating() && !peer_ended_ && input_size()', 'if (!peer_ended_ && input_size()'],
    ['if (!inflating() && !peer_ended_ && input_size()', 'if (!inflating() && input_size()'],
    ['paused_ = false;\n  if (!held_) GoOnReading();', 'paused_ = false;'],
    ['if (input_ == nullptr) handler_->OnPeerEnd(*this);', 'handler_->OnPeerEnd(*this);'],
    ['extras_->head->has_begun()', 'true'],
    ['end_reported_ || input_ != nullptr || inflating()', 'end_reported_ || inflating()'],
    ['end_reported_ || input_ != nullptr || inflating()', 'end_reported_ || input_ != nullptr'],
    ['end_reported_ || input_ != nullptr || inflating()', 'input_ != nullptr || inflating()'],
    ['if (end_sent_) EndWriting();', ''],
    ['      StopReading();\n      return Flow::kStop;', '      return Flow::kStop;']
  ]),
  ...of('src/transport/connection_write.cc', LOOPS, [
    ['end_requested_ || destroyed_) return;', 'end_requested_) return;'],
    ['    next.rsv1 = false;', ''],
    ['    next.opcode = Opcode::kContinuation;', ''],
    ['    next.fin = false;', ''],
    [
      'if (stage_ == Stage::kClosed || end_sent_) return false;',
      'if (stage_ == Stage::kClosed) return false;'
    ],
    ['if (is_due || queue_.size() > kFlushThreshold) Flush();', 'if (is_due) Flush();'],
    [
      '(is_first && loop_->sends_at_once()) || loop_->is_last_turn()',
      'loop_->sends_at_once() || loop_->is_last_turn()'
    ],
    [
      '  NoteActivity();\n  if (stage_ != Stage::kClosed) Offer(Occasion::kTurn);',
      '  if (stage_ != Stage::kClosed) Offer(Occasion::kTurn);'
    ],
    [
      'if (!end_requested_ || end_sent_ || !queue_.empty()) return false;',
      'if (!end_requested_ || end_sent_) return false;'
    ],
    ['  end_sent_ = true;\n', '']
  ]),
  ...of('src/transport/external_connection.cc', CONNECTIONS, [
    ['if (occasion == Occasion::kTurn) handler', 'handler'],
    ['if (ending == Ending::kAbandon)', 'if (false)'],
    ['TransportClosed(Failure::kTold)', 'TransportClosed(Failure::kToReport)'],
    [
      'int ExternalConnection::StartReading() {\n  handler()->OnOutput(*this);',
      'int ExternalConnection::StartReading() {'
    ],
    [
      'void ExternalConnection::EndWriting() {}',
      'void ExternalConnection::EndWriting() { Destroy(); }'
    ]
  ]),
  ...of('src/transport/socket_connection.cc', CONNECTIONS, [
    ['const int own = DuplicateDescriptor(fd);', 'const int own = fd;'],
    [
      'if (status == 0 && early.size == 0) status = StartReading();',
      'if (status == 0) status = StartReading();'
    ],
    ['count == 0 || count == UV_ENOBUFS) return;', 'count == 0) return;'],
    ['if (is_full && self->is_reading_', 'if (false && self->is_reading_'],
    ['if (is_writing_ || is_corked_) return false;', 'if (is_writing_) return false;'],
    [
      'if (is_writing_ || is_corked_) return false;',
      'if (is_corked_) return false;',
      'libuv refuses, too'
    ],
    [
      'if (is_writing_ || (is_corked_ && !end_requested())) return;',
      'if (is_writing_ || is_corked_) return;'
    ],
    ['if (is_writing_ || (is_corked_ && !end_requested())) return;', 'if (is_writing_) return;'],
    [
      'if (taken < header.size || loop().pool().IsLast(header, payload))',
      'if (true)',
      'that saves memory only'
    ],
    ['    SendShared(header, payload, taken);', '    SendShared(header, payload, 0);'],
    ['if (TakeEnd()) EndWriting();', ''],
    ['if (stage() == Stage::kClosed) return 0;', ''],
    ['waiting += uv_stream_get_write_queue_size(stream());', ''],
    ['if (!is_writing_) ReportWritten();', ''],
    ['  notify_written_ = false;\n  handler', '  handler'],
    ['  if (peer_ended()) {\n    Destroy();\n    return;\n  }', ''],
    ['if (ending != Ending::kReset || !is_tcp_', 'if (!is_tcp_'],
    ['if (ending != Ending::kReset || !is_tcp_', 'if (true || !is_tcp_'],
    ['if (ending != Ending::kAbandon) TransportClosed(', 'TransportClosed(']
  ]),
  ...of('src/transport/socket_connection.cc', 'LoopTest.DeliversWhatComesLast*', [
    ['  if (is_running) loop.RunRound();', '']
  ]),
  ...of('src/transport/held_input.h', `HeldInput.*:${CONNECTIONS}`, [
    ['if (at_ > bytes_.size() / 2)', 'if (false)', 'that saves memory only'],
    ['      at_ = 0;', ''],
    ['return bytes_.size() - at_;', 'return bytes_.size();']
  ]),
  ...of('src/transport/loop.cc', LOOPS, [
    ['    random_used_ = 0;\n', ''],
    ['  random_used_ += 4;', ''],
    ['uv_random(nullptr, nullptr, random_.data(), random_.size(), 0, nullptr);', ''],
    ['  FlushDirty();\n  is_last_turn_ = true;', '  is_last_turn_ = true;'],
    [
      'if (running_round_ || shutting_down_) return;\n  running_round_ = true;\n  DeliverAndFlush',
      'running_round_ = true;\n  DeliverAndFlush'
    ],
    ['if (now - flushed_at_ < kFlushInterval) return;', ''],
    ['if (now - flushed_at_ < kFlushInterval) return;', 'return;'],
    ['  flushed_at_ = now;', ''],
    ['observer_->HasEvents());\n}', 'false);\n}'],
    ['if (loop->deadlines_are_due_) loop->JudgeDeadlines();', ''],
    ['deadlines_.TakeDue(polled_at_)', 'deadlines_.TakeDue(Now())'],
    ['  ScheduleTimer();\n  DeliverAndFlush();', '  DeliverAndFlush();'],
    ['if (is_left) ArmTrim', 'if (false) ArmTrim'],
    ['        Trim();\n', ''],
    ['if (connection->marked_held()) Erase(waiting_, connection);', ''],
    ['if (connection->marked_dirty()) Erase(dirty_, connection);', '']
  ]),
  ...of('src/transport/listener.cc', LOOPS, [
    ['path.size() > kMaxPath || path', 'path'],
    ["path.find('\\0') != std::string::npos", 'false'],
    ['  if (status != 0) Close();', ''],
    ['if (!handle_closed_ || connections_ > 0) return;', 'if (!handle_closed_) return;'],
    ['  if (closing_) return;\n', ''],
    ['status = uv_ip6_addr', 'status = UV_EINVAL; uv_ip6_addr']
  ]),
  ...of('src/transport/deadline_list.cc', 'DeadlineList.*', [
    [
      'if (bucket->duration == duration) return bucket.get();',
      '',
      'that saves time and memory only'
    ],
    ['  Disarm(entry);\n  DeadlineBucket', '  DeadlineBucket'],
    ['entry->due <= now', 'entry->due < now'],
    ['      Disarm(entry);\n      return', '      return'],
    ['if (bucket->first == nullptr) unused = bucket.get();', '', 'that saves memory only']
  ]),
  ...of('src/transport/compression.cc', 'CompressionTest.*', [
    ['if (deflating_ != nullptr) return false;\n  pool_', 'pool_'],
    ['if (deflating_ != nullptr) return false;\n  auto', 'auto'],
    ['shared_settings_ == settings && shared_input_', 'shared_input_'],
    ['shared_input_.size() == message.size &&', 'shared_input_.size() >= message.size &&'],
    ['if (!owner_->outgoing_.pool().HasRoom()) return Turn::kWait;', ''],
    ['if (!owner_->incoming_.pool().HasRoom()) return Turn::kWait;', ''],
    ['if (!pool_->inflaters().HasRoom()) {', 'if (false) {'],
    [
      'if (first && fin && !settings_->outgoing.takeover)',
      'if ((first || fin) && fin && !settings_->outgoing.takeover)'
    ],
    [
      'if (owner_ == nullptr) return Turn::kDrop;\n    if (!owner_->outgoing_',
      'if (!owner_->outgoing_'
    ],
    ['    stream_ = {};\n    input_', '    input_'],
    [
      'pool_->work().Submit(std::move(work), has_begun);',
      'pool_->work().Submit(std::move(work), false);'
    ],
    ['if (message->binary || limits.skip_utf8_validation)', 'if (true)'],
    ['trim_armed_ = shared_left || compressors_left || inflaters_left;', 'trim_armed_ = true;'],
    ['  scratch_ = MessageBuffer();', ''],
    ['  if (!shared_used_) {', '  if (false) {'],
    ['!inflation_.stream_ended());\n    if (!done)', 'true);\n    if (!done)'],
    ['done && !inflation.stream_ended()', 'done'],
    ['std::memcpy(key_, header.masking_key, sizeof(key_));\n      header_.masking_key = key_;', '']
  ]),
  ...of('src/transport/work_queue.cc', 'WorkQueueTest.*:CompressionTest.*', [
    ['while (requests_.size() < limit_)', 'while (true)'],
    ['urgent_.empty() ? waiting_ : urgent_', 'waiting_.empty() ? urgent_ : waiting_'],
    ['  queue->StartWaiting();', ''],
    ['if (queue->requests_.empty()) on_idle();', 'on_idle();'],
    ['  urgent_.clear();', ''],
    ['if (on_idle_ != nullptr) return;', '']
  ])
];
