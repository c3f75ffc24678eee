#include "transport/external_connection.h"

#include <utility>

namespace wsuv {

ExternalConnection* ExternalConnection::Make(Loop* loop, ConnectionHandler* handler,
                                             std::shared_ptr<const ConnectionSettings> settings,
                                             Role role) {
  auto* connection =
      new ExternalConnection(loop, handler, std::move(settings), role, Delivery::kInCall);
  connection->BeginFrames({});
  return connection;
}

// Whoever feeds it may go on.
int ExternalConnection::StartReading() {
  handler()->OnOutput(*this);
  return 0;
}

// Whoever feeds it sees is_holding() when he has done so.
void ExternalConnection::StopReading() {}

// Whoever calls takes the output himself when the call returns.
void ExternalConnection::Offer(Occasion occasion) {
  if (occasion == Occasion::kTurn) handler()->OnOutput(*this);
}

// A stream closes by itself, when it has passed everything on.
void ExternalConnection::EndWriting() {}

void ExternalConnection::DestroyTransport(Ending ending) {
  if (ending == Ending::kAbandon) {
    TransportGone();
  } else {
    handler()->OnOutput(*this);
  }
}

void ExternalConnection::FeedClosed() {
  if (stage() == Stage::kClosed) return;
  TransportGone();
  // The stream tells of its errors.
  TransportClosed(Failure::kTold);
}

}  // namespace wsuv
