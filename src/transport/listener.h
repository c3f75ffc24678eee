#ifndef WSUV_TRANSPORT_LISTENER_H_
#define WSUV_TRANSPORT_LISTENER_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "transport/connection_handler.h"
#include "transport/loop.h"

namespace wsuv {

class Listener;
class SocketConnection;

/// Is told what happens to listeners.
class ListenerHandler {
 public:
  /// The listener is closed and its last connection is gone: the last event. The listener is
  /// deleted when this returns.
  virtual void OnListenerClosed(Listener& listener) = 0;

 protected:
  ~ListenerHandler() = default;
};

/// Where to listen: an IP address and port, or the path of a Unix domain socket.
struct ListenAddress {
  std::string host;  ///< An IPv4 or IPv6 address in numbers.
  int port = 0;      ///< 0: any that is free.
  /// Not empty: a Unix domain socket (on Windows, a named pipe), or, if it begins with a NUL, an
  /// abstract one (Linux).
  std::string path;
};

/// Accepts connections and makes a Connection of each. Made with new; deletes itself after
/// OnListenerClosed.
class Listener {
 public:
  Listener(Loop* loop, ListenerHandler* handler, ConnectionHandler* connection_handler,
           std::shared_ptr<const ConnectionSettings> settings, bool is_pipe);

  /// Binds and listens. On an error (libuv's) the listener closes itself.
  int Listen(const ListenAddress& address, int backlog);

  /// Stops accepting. The connections that there are go on, those that have sent no whole request
  /// head among them. May be called again.
  void Close();

  /// Drops connections that have sent no whole request head.
  void DropHeads() { loop_->DropHeads(this); }

  /// For connections that are accepted from now on.
  void set_settings(std::shared_ptr<const ConnectionSettings> settings) {
    settings_ = std::move(settings);
  }

  /// The address in use; only for TCP. A libuv error otherwise.
  int GetAddress(sockaddr_storage* address) const;

  /// Whether it keeps the uv loop alive; at first it does.
  void SetRef(bool on);

  uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }
  bool is_pipe() const { return is_pipe_; }
  /// Those that it has accepted and that have not ended.
  size_t connections() const { return connections_; }

  // For Connection.
  void AddConnection() { connections_++; }
  void RemoveConnection();

 private:
  ~Listener() = default;
  static void OnConnection(uv_stream_t* stream, int status);
  SocketConnection* MakeConnection();
  static void OnHandleClosed(uv_handle_t* handle);
  int BindPipe(const std::string& path);
  void FinishIfDone();

  union Handle {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  Loop* loop_;
  ListenerHandler* handler_;
  ConnectionHandler* connection_handler_;
  std::shared_ptr<const ConnectionSettings> settings_;
  size_t connections_ = 0;
  uint32_t id_ = 0;
  bool is_pipe_;
  bool closing_ = false;
  bool handle_closed_ = false;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_LISTENER_H_
