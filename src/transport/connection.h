#ifndef WSUV_TRANSPORT_CONNECTION_H_
#define WSUV_TRANSPORT_CONNECTION_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/closing_handshake.h"
#include "protocol/message_reader.h"
#include "protocol/upgrade.h"
#include "transport/compression.h"
#include "transport/loop.h"
#include "transport/write_queue.h"

namespace wsuv {

class Connection;
class Listener;

/// What connections of one origin have in common.
struct ConnectionSettings {
  ReaderLimits limits;
  HeadLimits head;
  uint64_t handshake_timeout = 10 * 1000;  ///< Milliseconds for the request head; 0: no limit.
  uint64_t close_timeout = 30 * 1000;      ///< Milliseconds from our close frame to the end.
  bool no_delay = true;                    ///< TCP_NODELAY
  bool keep_alive = true;                  ///< SO_KEEPALIVE
  /// A paused connection reads on until it has so much, as Node's own sockets do: so it hears that
  /// its peer has gone.
  size_t high_water_mark = 16 * 1024;
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
  /// A connection without a handle has output, or wants its stream ended or destroyed.
  virtual void OnOutput(Connection& connection) = 0;
  /// The connection is over: the last event. `status` is libuv's error that ended it, or 0. Call
  /// Release() when nothing refers to it any more.
  virtual void OnClosed(Connection& connection, int status) = 0;

 protected:
  ~ConnectionHandler() = default;
};

/// The state of a Connection, in bits.
struct ConnectionFlags {
  bool reading_ : 1;
  bool paused_ : 1;
  bool dirty_ : 1;
  bool held_ : 1;     ///< Waits for a later turn of the loop, with or without input.
  bool writing_ : 1;  ///< A uv_write is under way.
  bool notify_written_ : 1;
  bool peer_ended_ : 1;
  bool end_reported_ : 1;   ///< The handler knows that the peer ended.
  bool end_requested_ : 1;  ///< EndTransport was called.
  bool end_sent_ : 1;       ///< Our side has ended, or the external stream's end was taken.
  bool wants_destroy_ : 1;
  bool handle_closed_ : 1;
  bool released_ : 1;
  bool tapped_ : 1;           ///< The handler wants all bytes, too.
  bool closed_reported_ : 1;  ///< The handler knows that the connection is over.
  bool muted_ : 1;            ///< Was terminated: what it received is of no interest any more.
};

/// One WebSocket connection over a libuv stream, or over a stream that somebody else moves the
/// bytes of (kExternal), from the request head to the end of the transport.
///
/// It deletes itself when its handle is closed and Release() was called.
class Connection final : private MessageSink, private ConnectionFlags {
 public:
  enum class Transport : uint8_t { kTcp, kPipe, kExternal };
  enum class Stage : uint8_t {
    kHead,       ///< Waiting for the request head.
    kDeciding,   ///< The handler has the head and has not answered.
    kRejected,   ///< An HTTP error is on its way.
    kWebSocket,  ///< Frames.
    kClosed,     ///< The transport is gone.
  };

  static Connection* Make(Loop* loop, ConnectionHandler* handler,
                          std::shared_ptr<const ConnectionSettings> settings, Role role,
                          Transport transport);
  static void operator delete(void* memory) { ::operator delete(memory); }

  /// Takes the next connection of `listener`'s handle and waits for a request head. Returns a
  /// libuv error, after which the connection is closing.
  int StartAccepted(Listener* listener, uv_stream_t* listening);
  /// The same for a connection that was taken already.
  int StartAccepted(Listener* listener, int fd);
  /// An external stream whose opening handshake is done.
  void StartExternal();
  /// A socket whose opening handshake somebody else has done. The connection makes a descriptor of
  /// its own from `fd`. `early` was read of it already. Returns a libuv error, after which the
  /// connection is closing.
  int StartAdopted(int fd, ByteView early);

  /// Answers the upgrade request with `response` (a 101) and begins with frames, under `settings`
  /// unless that is null.
  void Accept(std::string_view response, std::shared_ptr<const ConnectionSettings> settings);
  /// Answers with an HTTP error, then closes.
  void Reject(std::string_view response);

  /// Sends one frame; the payload's length is `payload`'s. The payload is copied unless the kernel
  /// takes it at once, so that it belongs to the caller again when this returns.
  void SendFrame(const FrameHeader& header, ByteView payload);
  /// The same in frames whose payloads have at most `most` bytes (not 0), RFC 6455 5.4: `header` is
  /// the first one's, but for FIN, which is the last one's. Where it is masked the others are, too,
  /// each with a key of its own.
  void SendFrames(const FrameHeader& header, ByteView payload, size_t most);
  /// The limits for what is read from now on, and the time-outs.
  void UseSettings(std::shared_ptr<const ConnectionSettings> settings) {
    settings_ = std::move(settings);
  }
  /// permessage-deflate was negotiated; to be called before any frame is read or sent.
  void UseCompression(std::shared_ptr<const CompressionSettings> settings);
  /// SendFrames() for (a fragment of) a compressed message; the header of the first one has RSV1.
  void SendCompressed(const FrameHeader& header, ByteView payload, size_t most = SIZE_MAX);
  /// The same, compressed by the thread pool; OnCompressed() follows. Until then nothing else may
  /// be sent but frames that can overtake it.
  void SendLater(const FrameHeader& header, ByteView payload, size_t most = SIZE_MAX);
  /// Queues bytes as they are.
  void SendRaw(ByteView bytes);
  /// Our side's closing handshake; see ClosingHandshake::Close.
  void Close(uint16_t code, ByteView reason);
  /// The masking key of the next frame that the closing handshake sends, instead of a random one.
  void SetNextMaskingKey(const uint8_t* key);
  /// Drops the connection at once, and what was received on it and not reported yet. What is queued
  /// is offered to the kernel before, but not waited for.
  void Terminate();
  /// The same with a RST, where it is TCP.
  void Reset();

  void Pause();
  void Resume();
  /// Writes what is queued to the kernel now.
  void Flush();
  /// Whether nothing is written until further notice, or until our side ends.
  void SetCorked(bool corked);

  /// The reactions to events; see ClosingHandshake.
  void ReactToClose(uint16_t code, ByteView reason);
  void ReactToError(ErrorCode code);
  void ReactToEnd();
  /// Ends our side of the transport when all is written, without a closing handshake.
  void EndTransport();

  /// Whether OnRaw() is to be called with all bytes before they are parsed.
  void set_tapped(bool tapped) { tapped_ = tapped; }
  /// Bytes that were read, ever.
  uint64_t received() const { return received_; }
  /// What somebody else has read before.
  void set_received(uint64_t received) { received_ = received; }
  /// The loop's time (milliseconds) of the last read or write; counted from the first call of this.
  uint64_t LastActivity();

  /// External streams: the stream delivered bytes (which may be changed).
  void Feed(uint8_t* data, size_t size);
  bool has_compression() const;
  bool inflating() const;
  /// External streams: whether Feed() only stores what it gets, since a message before it is still
  /// being inflated, or the connection waits for its next turn; OnOutput() tells when that has
  /// changed.
  bool is_holding() const { return held_ || inflating(); }
  /// External streams: the stream has no more to read.
  void FeedEnd();
  /// External streams: the stream is gone.
  void FeedClosed();
  /// External streams: how many bytes are to be written.
  size_t OutputSize() const { return queue_.size(); }
  /// External streams: what is to be written; the caller gives the blocks back to the pool.
  WriteBlock* TakeOutput();
  /// External streams: whether the stream should be ended after what TakeOutput gave.
  bool TakeEnd();
  /// External streams: whether the stream should be destroyed.
  bool wants_destroy() const { return wants_destroy_; }

  /// Nothing outside refers to this any more; only after OnClosed.
  void Release();
  /// Closes the handle without telling the handler; for Loop::Shutdown.
  void Abandon();

  /// Whether Terminate() or Reset() was called.
  bool muted() const { return muted_; }
  /// Whether Pause() was called, and Resume() was not.
  bool paused() const { return paused_; }
  /// Takes what comes from now on as if an error had been found before it.
  void StopReader() { reader_.Stop(); }

  Stage stage() const { return stage_; }
  Transport transport() const { return transport_; }
  MessageReader& reader() { return reader_; }
  Loop& loop() { return *loop_; }
  Listener* listener() const { return listener_; }
  const ConnectionSettings& settings() const { return *settings_; }
  ConnectionHandler* handler() const { return handler_; }
  /// Not for kExternal, which has none.
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(this + 1); }
  const uv_stream_t* stream() const { return reinterpret_cast<const uv_stream_t*>(this + 1); }
  /// A number for the handler's use; starts as 0.
  uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }

  /// Bytes that were queued or written, ever, frame headers included.
  uint64_t enqueued() const { return enqueued_; }
  /// Of those, the bytes that the kernel has taken.
  uint64_t written() const;
  /// OnWritten is to be called, once, when the kernel has taken more.
  void NotifyWritten() { notify_written_ = true; }

  // For Loop.
  static void OnDeadline(DeadlineEntry* entry);
  void FlushMarked();
  /// The connection's turn has come: it gets one budget.
  void ReadHeld();
  /// The same, before its turn.
  void ReadHeldNow();
  bool marked_dirty() const { return dirty_; }
  bool marked_held() const { return held_; }
  size_t index() const { return index_; }
  void set_index(size_t index) { index_ = static_cast<uint32_t>(index); }

 private:
  class Output;
  struct Deadline;

  Connection(Loop* loop, ConnectionHandler* handler,
             std::shared_ptr<const ConnectionSettings> settings, Role role, Transport transport);
  ~Connection();

  // libuv's handle lies right behind the connection, as large as its kind is.
  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(this + 1); }
  uv_tcp_t* tcp() { return reinterpret_cast<uv_tcp_t*>(this + 1); }
  uv_pipe_t* pipe() { return reinterpret_cast<uv_pipe_t*>(this + 1); }

  // MessageSink
  uint8_t* Place(size_t size) override { return handler_->Place(*this, size); }
  std::unique_ptr<MessageMemory> Allocate(size_t size) override {
    return handler_->Allocate(*this, size);
  }
  Flow OnMessage(const Message& message) override;
  Flow OnPing(ByteView payload) override;
  Flow OnPong(ByteView payload) override;
  void OnClose(uint16_t code, ByteView reason) override;
  void OnError(ErrorCode code, uint32_t detail) override;
  // Compression, and what it hears from the thread pool: few connections have one.
  struct Compressed;
  struct Extras;
  struct Input;
  void OnCompressed(const FrameHeader& header, const MessageBuffer* payload);
  void OnInflated(const Message* message, ErrorCode error, const char* sentence);

  Extras& EnsureExtras();
  void NoteActivity();

  static void OnAllocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer);
  static void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);
  static void OnWriteDone(uv_write_t* request, int status);
  static void OnShutdownDone(uv_shutdown_t* request, int status);
  static void OnHandleClosed(uv_handle_t* handle);

  int Open(int fd);
  int StartHead(int status);
  int StartReading();
  void StopReading();
  void OnBytes(uint8_t* data, size_t size);
  void ReadHead(uint8_t* data, size_t size);
  std::unique_ptr<RequestHeadParser> TakeHeadParser();
  void ReportNoHead(UpgradeStatus status);
  void ReadFrames(uint8_t* data, size_t size);
  void ReadInput();
  void Keep(const uint8_t* data, size_t size);
  size_t input_size() const;
  void DropInput();
  void Hold();
  Flow Inflate(const Message& message);
  void FailInflating(ErrorCode error, const char* sentence);
  void GoOnReading();
  void ReportClosed();
  void OnEnd();
  void ReportEnd();
  void MarkDirty();
  bool corked() const;
  void SendLargeFrame(const FrameHeader& header, ByteView payload);
  void SendShared(ByteView header, ByteView payload, size_t skip);
  bool SendDirectly(ByteView header, ByteView payload);
  void AfterSend();
  void SubmitWrite();
  void EndIfWritten();
  void AfterStateChange();
  void Destroy(int status = 0, bool with_reset = false);
  void DeleteIfDone();
  void ArmDeadline(uint64_t milliseconds);
  void Unlist();
  void LeaveListener();

  // Behind the flags, so that they share a word.
  Stage stage_ = Stage::kHead;
  Transport transport_;
  uint32_t id_ = 0;
  Loop* loop_;
  ConnectionHandler* handler_;
  Listener* listener_ = nullptr;
  std::shared_ptr<const ConnectionSettings> settings_;
  MessageReader reader_;
  WriteQueue queue_;
  std::unique_ptr<Deadline> deadline_;  // While one is armed.
  std::unique_ptr<Extras> extras_;
  std::unique_ptr<Input> input_;  // A head in pieces, or bytes whose turn has not come.
  uint64_t enqueued_ = 0;
  uint64_t received_ = 0;
  uint32_t index_ = 0;
  ClosingHandshake closing_;
  int32_t status_ = 0;  // libuv's error that ended the transport.
};

// The budget of an idle connection (docs/architecture.md: at most 440 bytes of C++ memory, since
// glibc's next size is 16 more).
static_assert(sizeof(void*) != 8 || sizeof(Connection) + sizeof(uv_tcp_t) <= 440,
              "an idle connection has grown");
static_assert(sizeof(Connection) % alignof(uv_pipe_t) == 0, "libuv's handle lies behind it");

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_CONNECTION_H_
