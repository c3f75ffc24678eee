#ifndef WSUV_TRANSPORT_CONNECTION_HANDLER_H_
#define WSUV_TRANSPORT_CONNECTION_HANDLER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "protocol/message_sink.h"
#include "protocol/upgrade.h"

namespace wsuv {

class Connection;

/// What connections of one origin have in common.
struct ConnectionSettings {
  ReaderLimits limits;
  HeadLimits head;
  uint64_t handshake_timeout = 10 * 1000;  ///< Milliseconds for the request head; 0: no limit.
  uint64_t close_timeout = 30 * 1000;      ///< Milliseconds from our close frame to the end.
  bool no_delay = true;                    ///< TCP_NODELAY
  bool keep_alive = true;                  ///< SO_KEEPALIVE
  /// A paused connection reads on until it holds so many bytes, as Node's own sockets do: so it
  /// hears that its peer has gone.
  size_t high_water_mark = 16 * 1024;
};

/// When what a connection reports is delivered, where its handler puts it in a queue.
enum class Delivery : uint8_t {
  kInTurn,  ///< When the loop has polled, in a round with what others have reported.
  kInCall,  ///< By the call that brought it about, before that returns.
};

/// What happens on connections. Views are valid during the call only. A handler may queue the
/// event; the connection reacts when the matching React...() method is called (see
/// ClosingHandshake).
class ConnectionHandler {
 public:
  /// See MessagePlacer.
  virtual uint8_t* Place(Connection& connection, size_t size) {
    static_cast<void>(connection);
    static_cast<void>(size);
    return nullptr;
  }
  virtual uint8_t* PlacePiece(Connection& connection, size_t size, bool is_last_frame) {
    static_cast<void>(connection);
    static_cast<void>(size);
    static_cast<void>(is_last_frame);
    return nullptr;
  }
  virtual std::unique_ptr<MessageMemory> Allocate(Connection& connection, size_t size) {
    static_cast<void>(connection);
    static_cast<void>(size);
    return nullptr;
  }
  /// A request head came: answer it with Accept() or Reject(). `head` is null, and `bytes` is
  /// empty, where `status` says that it is no head at all.
  virtual void OnUpgrade(Connection& connection, UpgradeStatus status, std::string_view bytes,
                         const RequestHead* head) = 0;
  /// All bytes that were read, where that was asked for.
  virtual void OnRaw(Connection& connection, ByteView bytes) = 0;
  virtual Flow OnMessage(Connection& connection, const Message& message) = 0;
  /// See MessageSink; it is inflated, and all of it is taken.
  virtual Flow OnPiece(Connection& connection, const MessagePiece& piece) = 0;
  virtual Flow OnPing(Connection& connection, ByteView payload) = 0;
  virtual Flow OnPong(Connection& connection, ByteView payload) = 0;
  virtual void OnPeerClose(Connection& connection, uint16_t code, ByteView reason) = 0;
  /// `sentence` is zlib's, where the code is kInvalidDeflateData, and empty otherwise.
  virtual void OnProtocolError(Connection& connection, ErrorCode code, uint32_t detail,
                               std::string_view sentence) = 0;
  /// The peer ended its side of the transport. Where that was while the handler decided about the
  /// upgrade, it comes again after Accept().
  virtual void OnPeerEnd(Connection& connection) = 0;
  /// The kernel took queued bytes, after it had not taken them at once.
  virtual void OnWritten(Connection& connection) = 0;
  /// SendLater() is done: its frame is in the queue.
  virtual void OnCompressed(Connection& connection) = 0;
  /// A connection whose bytes somebody else moves has output, wants its stream ended or destroyed,
  /// or may be fed again (ExternalConnection).
  virtual void OnOutput(Connection& connection) = 0;
  /// libuv's error `status` has ended a connection that is paused. What was read before comes all
  /// the same, in a later turn, and OnClosed() behind it.
  virtual void OnFailed(Connection& connection, int status) = 0;
  /// The connection is over: the last event. `status` is libuv's error that ended it, or 0. Call
  /// Release() when nothing refers to it any more.
  virtual void OnClosed(Connection& connection, int status) = 0;

 protected:
  ~ConnectionHandler() = default;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_CONNECTION_HANDLER_H_
