#ifndef WSUV_TRANSPORT_DEADLINE_LIST_H_
#define WSUV_TRANSPORT_DEADLINE_LIST_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace wsuv {

struct DeadlineBucket;

/// What is to be done when a deadline has come.
enum class DeadlineKind : uint8_t {
  kHandshake,  ///< A request head has not come whole: it is answered (408).
  kClosing,  ///< The peer has not ended its side behind our last words: the connection is dropped.
  kTrim,     ///< The loop's pools give back what was not used.
};

/// A place in a DeadlineList. Belongs to whatever has the deadline, which must disarm it before it
/// goes away.
struct DeadlineEntry {
  explicit DeadlineEntry(DeadlineKind what) : kind(what) {}

  const DeadlineKind kind;
  DeadlineEntry* previous = nullptr;
  DeadlineEntry* next = nullptr;
  DeadlineBucket* bucket = nullptr;  ///< Null while it is not armed.
  uint64_t due = 0;                  ///< Loop time, in milliseconds.
};

/// The entries that share one duration. Armed one after the other, they are in order of time
/// without being sorted.
struct DeadlineBucket {
  uint64_t duration = 0;
  DeadlineEntry* first = nullptr;
  DeadlineEntry* last = nullptr;
};

/// All deadlines of a loop, in one list a duration: arming, disarming and finding the next one take
/// constant time, whatever the number of connections. It needs a clock and a timer from outside.
class DeadlineList {
 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  /// (Re)arms `entry` to be due `duration` milliseconds after `now`.
  void Arm(DeadlineEntry* entry, uint64_t duration, uint64_t now);
  /// Does nothing to an entry that is not armed.
  void Disarm(DeadlineEntry* entry);
  /// When the next entry is due; kNever where none is armed.
  uint64_t NextDue() const;
  /// Takes out an entry that is due at `now`; null when there is none (left).
  DeadlineEntry* TakeDue(uint64_t now);

 private:
  DeadlineBucket* BucketFor(uint64_t duration);

  std::vector<std::unique_ptr<DeadlineBucket>> buckets_;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_DEADLINE_LIST_H_
