#ifndef WSUV_TRANSPORT_SOCKET_CONNECTION_H_
#define WSUV_TRANSPORT_SOCKET_CONNECTION_H_

#include <uv.h>

#include <cstdint>
#include <memory>

#include "transport/connection.h"

namespace wsuv {

/// A connection whose socket libuv has: one that a listener has accepted, or that was taken over.
/// libuv's handle lies right behind it, as large as its kind is.
class SocketConnection final : public Connection {
 public:
  enum class Kind : uint8_t { kTcp, kPipe };

  static SocketConnection* Make(Loop* loop, ConnectionHandler* handler,
                                std::shared_ptr<const ConnectionSettings> settings, Role role,
                                Kind kind);
  /// Make() has the other half, which alone knows the size of the memory.
  // NOLINTNEXTLINE(cert-dcl54-cpp)
  static void operator delete(void* memory) { ::operator delete(memory); }

  /// Takes the next connection of `listener`'s handle and waits for a request head. Returns a
  /// libuv error, after which the connection is closing.
  int StartAccepted(Listener* listener, uv_stream_t* listening);
  /// The same for a connection that was taken already.
  int StartAccepted(Listener* listener, int fd);
  /// A socket whose opening handshake somebody else has done. The connection makes a descriptor of
  /// its own from `fd`. `early` was read of it already. Returns a libuv error, after which the
  /// connection is closing.
  int StartAdopted(int fd, ByteView early);

  SocketConnection* AsSocket() override { return this; }
  bool keeps_loop() const override { return uv_has_ref(handle()) != 0; }
  uint64_t written() const override;
  void NotifyWritten() override { notify_written_ = true; }

  /// Whether nothing is written until further notice, or until our side ends.
  void SetCorked(bool corked);
  /// TCP_NODELAY and SO_KEEPALIVE, after `seconds`; nothing for a pipe.
  void SetNoDelay(bool on);
  void SetKeepAlive(bool on, unsigned seconds);
  /// Whether it keeps the uv loop alive; at first it does.
  void SetRef(bool on);
  /// Its descriptor; a libuv error where there is none (any more).
  int GetDescriptor() const;
  /// The address of an end of a TCP connection; a libuv error where there is none.
  int GetAddress(bool of_peer, sockaddr_storage* address) const;

 private:
  SocketConnection(Loop* loop, ConnectionHandler* handler,
                   std::shared_ptr<const ConnectionSettings> settings, Role role, Kind kind);

  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(this + 1); }
  const uv_handle_t* handle() const { return reinterpret_cast<const uv_handle_t*>(this + 1); }
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(this + 1); }
  const uv_stream_t* stream() const { return reinterpret_cast<const uv_stream_t*>(this + 1); }
  uv_tcp_t* tcp() { return reinterpret_cast<uv_tcp_t*>(this + 1); }
  const uv_tcp_t* tcp() const { return reinterpret_cast<const uv_tcp_t*>(this + 1); }
  uv_pipe_t* pipe() { return reinterpret_cast<uv_pipe_t*>(this + 1); }

  static void OnAllocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer);
  static void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);
  static void OnWriteDone(uv_write_t* request, int status);
  static void OnShutdownDone(uv_shutdown_t* request, int status);
  static void OnHandleClosed(uv_handle_t* handle);

  // Connection
  int StartReading() override;
  void StopReading() override;
  void Offer(Occasion occasion) override;
  void EndWriting() override;
  void DestroyTransport(Ending ending) override;
  bool SendDirectly(ByteView header, ByteView payload) override;

  int Open(int fd);
  int StartHead(int status);
  void SubmitWrite();
  void ReportWritten();

  // In the bytes that Connection leaves of its last word.
  bool is_tcp_ : 1;
  bool is_reading_ : 1;
  bool is_writing_ : 1;  // A uv_write is under way.
  bool notify_written_ : 1;
  bool is_corked_ : 1;
};

#ifdef __linux__
// The budget of an idle connection (docs/architecture.md: at most 440 bytes of C++ memory, since
// glibc's next size is 16 more). libuv's handles are larger on other systems.
static_assert(sizeof(void*) != 8 || sizeof(SocketConnection) + sizeof(uv_tcp_t) <= 440,
              "an idle connection has grown");
#endif
static_assert(sizeof(SocketConnection) % alignof(uv_pipe_t) == 0, "libuv's handle lies behind it");

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_SOCKET_CONNECTION_H_
