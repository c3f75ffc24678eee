#ifndef WSUV_TRANSPORT_CONNECTION_PARTS_H_
#define WSUV_TRANSPORT_CONNECTION_PARTS_H_

// What a Connection has in memory of its own, since few have it at a time. For its own sources.

#include <cstdint>
#include <memory>
#include <utility>

#include "protocol/http_head.h"
#include "transport/compression.h"
#include "transport/connection.h"
#include "transport/held_input.h"

namespace wsuv {

/// Compression, and what it hears from the thread pool.
struct Connection::Compressed final : CompressionObserver {
  Compressed(Connection* connection, std::shared_ptr<const CompressionSettings> settings)
      : owner(connection), core(&connection->loop_->compression(), std::move(settings), this) {}

  void OnCompressed(const FrameHeader& header, const MessageBuffer* payload) override {
    owner->OnCompressed(header, payload);
  }
  void OnInflated(const Message* message, ErrorCode error, const char* sentence) override {
    owner->OnInflated(message, error, sentence);
  }

  Connection* owner;
  Compression core;
  size_t most_later = SIZE_MAX;  // SendLater()'s `most`; there is one at a time.
};

struct Connection::Extras {
  std::unique_ptr<Compressed> compression;
  std::unique_ptr<RequestHeadParser> head;  // Of a head in pieces.
  std::unique_ptr<HeldInput> raw;           // See set_tapped().
  uint64_t last_activity = 0;               // 0: nobody has asked.
  bool has_next_key = false;
  uint8_t next_key[4];
};

/// A deadline of a connection, and the others that it has.
struct Connection::Deadline final : DeadlineEntry {
  Deadline(Connection* connection, DeadlineKind what)
      : DeadlineEntry(what), owner(connection), others(std::move(connection->deadlines_)) {}
  ~Deadline() { owner->loop_->DisarmDeadline(this); }

  Connection* owner;
  std::unique_ptr<Deadline> others;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_CONNECTION_PARTS_H_
