#include "transport/deadline_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace wsuv::test {
namespace {

TEST(DeadlineList, GivesEntriesWhenTheyAreDue) {
  DeadlineList list;
  DeadlineEntry a(DeadlineKind::kHandshake), b(DeadlineKind::kClosing), c(DeadlineKind::kTrim);
  EXPECT_EQ(list.NextDue(), DeadlineList::kNever);
  list.Arm(&a, 100, 0);
  list.Arm(&b, 10, 50);
  list.Arm(&c, 100, 1);
  EXPECT_EQ(list.NextDue(), 60u);
  EXPECT_EQ(list.TakeDue(59), nullptr);
  EXPECT_EQ(list.TakeDue(60), &b);
  EXPECT_EQ(b.kind, DeadlineKind::kClosing);
  EXPECT_EQ(list.TakeDue(100), &a);
  EXPECT_EQ(list.TakeDue(100), nullptr);
  list.Disarm(&c);
  list.Disarm(&c);
  EXPECT_EQ(list.NextDue(), DeadlineList::kNever);
}

TEST(DeadlineList, AgreesWithAPlainSearchOnRandomUse) {
  std::mt19937 random(11);
  DeadlineList list;
  std::vector<DeadlineEntry> entries(50, DeadlineEntry(DeadlineKind::kClosing));
  std::vector<uint64_t> due(50, DeadlineList::kNever);
  uint64_t now = 0;
  for (int step = 0; step < 20000; step++) {
    const size_t i = random() % entries.size();
    if (random() % 3 != 0) {
      const uint64_t duration = 10 * (random() % 5 + 1);
      list.Arm(&entries[i], duration, now);
      due[i] = now + duration;
    } else {
      list.Disarm(&entries[i]);
      due[i] = DeadlineList::kNever;
    }
    ASSERT_EQ(list.NextDue(), *std::min_element(due.begin(), due.end()));
    now += random() % 4;
    while (DeadlineEntry* entry = list.TakeDue(now)) {
      const auto index = static_cast<size_t>(entry - entries.data());
      ASSERT_LE(due[index], now);
      due[index] = DeadlineList::kNever;
    }
  }
  for (DeadlineEntry& entry : entries) list.Disarm(&entry);
}

}  // namespace
}  // namespace wsuv::test
