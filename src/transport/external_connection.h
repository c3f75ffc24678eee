#ifndef WSUV_TRANSPORT_EXTERNAL_CONNECTION_H_
#define WSUV_TRANSPORT_EXTERNAL_CONNECTION_H_

#include <cstddef>
#include <memory>

#include "transport/connection.h"

namespace wsuv {

/// A connection over a stream that somebody else moves the bytes of, after its opening handshake.
/// He feeds it what the stream delivers (Feed(), FeedEnd(), FeedClosed()), and takes what is to be
/// written; that the stream should be ended or destroyed are wishes, of which OnOutput() tells, and
/// that it may be fed again.
class ExternalConnection final : public Connection {
 public:
  static ExternalConnection* Make(Loop* loop, ConnectionHandler* handler,
                                  std::shared_ptr<const ConnectionSettings> settings, Role role);

  ExternalConnection* AsExternal() override { return this; }

  /// The stream is gone.
  void FeedClosed();
  /// How many bytes are to be written.
  size_t OutputSize() const { return queue().size(); }
  /// What is to be written; the caller gives the blocks back to the pool.
  WriteBlock* TakeOutput() { return queue().TakeAll(); }
  /// Whether the stream should be ended after what TakeOutput gave.
  using Connection::TakeEnd;
  /// Whether the stream should be destroyed.
  bool wants_destroy() const { return destroyed(); }

 private:
  using Connection::Connection;

  int StartReading() override;
  void StopReading() override;
  void Offer(Occasion occasion) override;
  void EndWriting() override;
  void DestroyTransport(Ending ending) override;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_EXTERNAL_CONNECTION_H_
