#ifndef WSUV_TRANSPORT_TURN_BUDGET_H_
#define WSUV_TRANSPORT_TURN_BUDGET_H_

#include <cstddef>
#include <cstdint>

#include "protocol/flow.h"

namespace wsuv {

/// How much of what peers send is taken in before the event loop turns again, so that no peer can
/// keep the process from the others: so many records and bytes for each connection, so many records
/// for all. What is over is held where it is, and goes on in a later turn.
///
/// libuv reads what one descriptor has before it goes on to the next one, so that who spends is the
/// same most of the time, and one account is enough.
class TurnBudget {
 public:
  /// Messages, pings and pongs of one connection: each has a handler to run. (ws handles one read
  /// of 64 KiB to its end, which is up to 10,921 of them.)
  static constexpr uint32_t kRecords = 256;
  /// So many frames that end no message cost what a record costs: they come to no handler.
  static constexpr uint32_t kFragmentsOfARecord = 16;
  /// Bytes of payload of one connection as JavaScript gets it, after inflating. With so much,
  /// nothing more is read of it in the turn.
  static constexpr size_t kBytes = 256 * 1024;
  /// With so much, what was read already is not parsed to its end, either. (What was read whole is
  /// cheaper to work off than to keep, but for what has to be inflated.)
  static constexpr size_t kMostBytes = 2 * kBytes;
  /// Records of all connections together.
  static constexpr uint32_t kTurnRecords = 8192;
  /// While more bytes than this are held for later turns, reads are small, so that whoever floods
  /// is slowed down and whoever sends little is served.
  static constexpr size_t kMaxHeld = 4 * 1024 * 1024;
  /// While more than this are held, nothing is read.
  static constexpr size_t kMostHeld = 4 * kMaxHeld;
  /// The size of a small read.
  static constexpr size_t kSmallRead = 4096;

  /// What a connection may spend in a turn.
  struct Allowance {
    uint32_t records;  ///< At most kRecords.
    size_t bytes;      ///< With which what was read is not parsed to its end.
  };

  /// Another turn begins.
  void NewTurn() {
    who_ = nullptr;
    turn_records_ = 0;
    has_refused_ = false;
  }
  /// `who` is about to be read: where it is another one than before, it gets a whole budget.
  void Begin(const void* who, Allowance allowance) {
    if (who_ != who) Grant(who, allowance);
  }
  /// Gives `who` a whole budget, whatever it has spent in this turn.
  void Grant(const void* who, Allowance allowance) {
    who_ = who;
    records_ = allowance.records;
    most_bytes_ = allowance.bytes;
    bytes_ = 0;
  }
  /// One more record of whoever is being read, with so many bytes. kStop: it was the last one.
  Flow Spend(size_t bytes) {
    turn_records_++;
    if (records_ > 0) records_--;
    bytes_ += bytes;
    return is_spent() ? Flow::kStop : Flow::kContinue;
  }
  /// A frame that ends no message.
  Flow SpendFragment() {
    if (++fragments_ % kFragmentsOfARecord != 0) return Flow::kContinue;
    return Spend(0);
  }
  /// Bytes that were made of what was read, and that JavaScript does not get yet.
  Flow SpendBytes(size_t bytes) {
    bytes_ += bytes;
    return is_spent() ? Flow::kStop : Flow::kContinue;
  }
  /// Whether whoever is being read has nothing left.
  bool is_spent() const { return records_ == 0 || bytes_ >= most_bytes_; }
  /// Whether nothing more is to be read of it.
  bool ends_reading() const { return records_ == 0 || bytes_ >= kBytes; }

  /// Whether all together have had what there is for a turn.
  bool is_turn_spent() const { return turn_records_ >= kTurnRecords; }

  /// How many of `size` bytes may be read now.
  size_t Allow(size_t size) {
    if (is_turn_spent() || held_ > kMostHeld) {
      has_refused_ = true;
      return 0;
    }
    return held_ > kMaxHeld && size > kSmallRead ? kSmallRead : size;
  }
  /// Whether in this turn something was not read that may have been there.
  bool has_refused() const { return has_refused_; }

  void AddHeld(size_t bytes) { held_ += bytes; }
  void SubtractHeld(size_t bytes) { held_ -= bytes; }
  size_t held() const { return held_; }

 private:
  const void* who_ = nullptr;
  uint32_t records_ = kRecords;
  uint32_t fragments_ = 0;
  uint32_t turn_records_ = 0;
  size_t most_bytes_ = kMostBytes;
  size_t bytes_ = 0;
  size_t held_ = 0;
  bool has_refused_ = false;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_TURN_BUDGET_H_
