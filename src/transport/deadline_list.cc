#include "transport/deadline_list.h"

namespace wsuv {

DeadlineBucket* DeadlineList::BucketFor(uint64_t duration) {
  DeadlineBucket* unused = nullptr;
  for (const auto& bucket : buckets_) {
    if (bucket->duration == duration) return bucket.get();
    if (bucket->first == nullptr) unused = bucket.get();
  }
  if (unused == nullptr) {
    buckets_.push_back(std::make_unique<DeadlineBucket>());
    unused = buckets_.back().get();
  }
  unused->duration = duration;
  return unused;
}

void DeadlineList::Arm(DeadlineEntry* entry, uint64_t duration, uint64_t now) {
  Disarm(entry);
  DeadlineBucket* bucket = BucketFor(duration);
  entry->bucket = bucket;
  entry->due = now + duration;
  entry->previous = bucket->last;
  entry->next = nullptr;
  (bucket->last != nullptr ? bucket->last->next : bucket->first) = entry;
  bucket->last = entry;
}

void DeadlineList::Disarm(DeadlineEntry* entry) {
  DeadlineBucket* bucket = entry->bucket;
  if (bucket == nullptr) return;
  (entry->previous != nullptr ? entry->previous->next : bucket->first) = entry->next;
  (entry->next != nullptr ? entry->next->previous : bucket->last) = entry->previous;
  entry->previous = entry->next = nullptr;
  entry->bucket = nullptr;
}

uint64_t DeadlineList::NextDue() const {
  uint64_t due = kNever;
  for (const auto& bucket : buckets_) {
    if (bucket->first != nullptr && bucket->first->due < due) due = bucket->first->due;
  }
  return due;
}

DeadlineEntry* DeadlineList::TakeDue(uint64_t now) {
  for (const auto& bucket : buckets_) {
    DeadlineEntry* entry = bucket->first;
    if (entry != nullptr && entry->due <= now) {
      Disarm(entry);
      return entry;
    }
  }
  return nullptr;
}

}  // namespace wsuv
