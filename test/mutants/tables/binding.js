'use strict';

const { cpp: of } = require('../rows');

const DELIVERIES = 'Context.*';
// Those that need no long search.
const BINDING = 'ContextTest.*:EnvironmentTest.*:ResourcesTest.*';

module.exports = [
  ...of('src/binding/environment.cc', DELIVERIES, [
    ['free_slots_.push_back(handle & kSlotMask);', ''],
    [
      'if (connection == nullptr || !slots_[handle & kSlotMask].is_over) return;',
      'if (connection == nullptr) return;'
    ],
    ['  entry.handle = 0;\n', '', 'there is no connection, either'],
    ['entry.is_over = entry.wants_text = entry.lends_pieces = false;', 'entry.is_over = false;'],
    ['if (ScopeOf(handle) != nullptr) SetScope(handle, nullptr);', ''],
    ['  ContextOf(*connection)->Forget(connection);\n', ''],
    ['  ContextOf(*connection)->Unretain();\n', '']
  ]),
  ...of('src/binding/context.cc', DELIVERIES, [
    ['    if (!is_upgrade && first == nullptr) first = &record;\n', ''],
    ['if (resources_ != nullptr) resources_->Forget(connection->id());', ''],
    ['    if (is_upgrade) batch.connection->Terminate();\n', ''],
    [
      '  record->head |= static_cast<int32_t>(kFlagLast << 8);\n  piece_.reset();',
      '  record->head |= static_cast<int32_t>(kFlagLast << 8);'
    ],
    ['return KindOf(record) == EventKind::kPiece ? &record : nullptr;', 'return &record;'],
    ['if (size - placed.used > std::max(placed.used, kMuchMemory)) {', 'if (false) {'],
    ['is_placed && piece_->lent != nullptr ? kFlagLent : 0', '0']
  ]),
  ...of('src/binding/lent_memory.h', DELIVERIES, [['use_count() == 1', 'use_count() >= 1']]),
  ...of('src/binding/lent_memory.h', 'LentMemory.*', [
    ['    if (found != all_.end()) return *found;\n', ''],
    ['all_.size() == kMost', 'all_.size() > kMost'],
    ['    if (!was_used_) all_', '    all_'],
    ['    was_used_ = false;\n', '']
  ]),
  ...of('src/binding/resources.cc', DELIVERIES, [
    ['  if (place.handle == handle) Clear(place);\n', '']
  ]),
  ...of('src/binding/environment.cc', BINDING, [
    ['(entry.generation + 1) & kGenerationMask', 'entry.generation & kGenerationMask'],
    ['free_slots_.push_back(handle & kSlotMask);', 'free_slots_.push_front(handle & kSlotMask);']
  ]),
  ...of('src/binding/context.cc', BINDING, [
    ['  lost_.push_back(batch.handle);\n', ''],
    ['IsLost(batch.handle)) DropInput(batch);', 'IsLost(batch.handle)) {}'],
    ['  batch.connection->StopReader();\n', ''],
    ['  held_.erase(std::remove_if(held_.begin(), held_.end(), is_its), held_.end());\n', ''],
    [
      'overflow_.erase(std::remove_if(overflow_.begin(), overflow_.end(), is_its), overflow_.end());',
      ''
    ]
  ]),
  ...of('src/binding/resources.cc', BINDING, [
    [
      'if (is_its && place->endpoint != nullptr)',
      'if (place != nullptr && place->endpoint != nullptr)'
    ],
    ['  if (place.handle == handle) Clear(place);\n', '']
  ])
];
