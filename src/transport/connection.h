#ifndef WSUV_TRANSPORT_CONNECTION_H_
#define WSUV_TRANSPORT_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "protocol/assert.h"
#include "protocol/closing_handshake.h"
#include "protocol/message_reader.h"
#include "protocol/upgrade.h"
#include "transport/connection_handler.h"
#include "transport/deadline_list.h"
#include "transport/held_input.h"
#include "transport/loop.h"
#include "transport/write_queue.h"

namespace wsuv {

class Listener;
class SocketConnection;
class ExternalConnection;

/// The state of a Connection, in bits.
struct ConnectionFlags {
  bool paused_ : 1;
  bool dirty_ : 1;  ///< Has something to flush before the loop polls.
  bool held_ : 1;   ///< Waits for a later turn of the loop, with or without input.
  bool peer_ended_ : 1;
  bool end_reported_ : 1;   ///< The handler knows that the peer ended.
  bool end_requested_ : 1;  ///< EndTransport was called.
  bool end_sent_ : 1;       ///< Our side has ended.
  bool destroyed_ : 1;      ///< Destroy was called: the transport is going, or gone.
  bool transport_gone_ : 1;
  bool released_ : 1;
  bool tapped_ : 1;            ///< The handler wants all bytes, too.
  bool taps_behind_ : 1;       ///< And it wants them behind what they say.
  bool closed_reported_ : 1;   ///< The handler knows that the connection is over.
  bool muted_ : 1;             ///< Was terminated: what it received is of no interest any more.
  bool delivers_in_call_ : 1;  ///< See delivery().
  bool write_failed_ : 1;      ///< See write_failed().
};

/// One WebSocket connection, from the request head to the end of the transport: the protocol half.
/// It has the messages, their compression, the closing handshake, and what waits to be parsed and
/// to be written. Who moves the bytes is asked in five methods (StartReading() to
/// DestroyTransport()), of which SocketConnection and ExternalConnection make something.
///
/// It deletes itself when its transport is gone and Release() was called.
class Connection : private MessageSink, private ConnectionFlags {
 public:
  enum class Stage : uint8_t {
    kHead,       ///< Waiting for the request head.
    kDeciding,   ///< The handler has the head and has not answered.
    kRejected,   ///< An HTTP error is on its way.
    kWebSocket,  ///< Frames.
    kClosed,     ///< The transport is gone.
  };

  /// This, where it is of that kind; null otherwise. For what only one kind has.
  virtual SocketConnection* AsSocket() { return nullptr; }
  virtual ExternalConnection* AsExternal() { return nullptr; }
  /// Whether input of the connection that waits for its turn keeps the uv loop alive.
  virtual bool keeps_loop() const { return true; }

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
  /// The same for the answer to an opening handshake: what is sent first behind it leaves as soon
  /// as if there had been no answer.
  void SendResponse(ByteView bytes);
  /// Our side's closing handshake; see ClosingHandshake::Close.
  void Close(uint16_t code, ByteView reason);
  /// The masking key of the next frame that the closing handshake sends, instead of a random one.
  void SetNextMaskingKey(const uint8_t* key);
  /// Drops the connection at once, and what was received on it and not reported yet. What is queued
  /// is offered to the kernel before, but not waited for.
  void Terminate();
  /// The same with a RST, where it is TCP.
  void Reset();

  /// Reports nothing more of what comes, which is read up to the settings' high_water_mark, and
  /// kept.
  void Pause();
  void Resume();
  /// Offers what is queued to whoever writes it now, and not at the end of the turn.
  void Flush();

  /// The reactions to events; see ClosingHandshake.
  void ReactToClose(uint16_t code, ByteView reason);
  void ReactToError(ErrorCode code);
  /// A close frame will be sent as soon as what is in front of it is: the peer's time for its end
  /// (`close_timeout`) begins now.
  void ExpectEnd();
  void ReactToEnd();
  /// Ends our side of the transport when all is written, without a closing handshake.
  void EndTransport();

  /// Whether OnRaw() is to be called with all bytes: before they are parsed, or `behind` what they
  /// say (but for an error).
  void set_tapped(bool tapped, bool behind = false) {
    tapped_ = tapped;
    taps_behind_ = behind;
  }
  /// Bytes that were read, ever.
  uint64_t received() const { return received_; }
  /// What somebody else has read before.
  void set_received(uint64_t received) { received_ = received; }
  /// The loop's time (milliseconds) of the last read or write; counted from the first call of this.
  uint64_t LastActivity();

  /// Bytes that somebody else has read, and hands in; they may be changed.
  void Feed(uint8_t* data, size_t size);
  /// The same of the peer's end.
  void FeedEnd();
  /// Whether Feed() only stores what it gets, since a message before it is still being inflated, or
  /// the connection waits for its next turn.
  bool is_holding() const { return held_ || inflating(); }

  bool has_compression() const;
  /// Whether a message is being inflated by the thread pool.
  bool inflating() const;

  /// Nothing outside refers to this any more; only after OnClosed.
  void Release();
  /// Ends the connection without telling the handler, and releases it; for Loop::Shutdown.
  void Abandon();

  /// Whether Terminate() or Reset() was called.
  bool muted() const { return muted_; }
  /// Whether the transport is going, or gone.
  bool destroyed() const { return destroyed_; }
  /// Whether Pause() was called, and Resume() was not.
  bool paused() const { return paused_; }
  /// How many records of it are taken in in a turn, from the next one on: 1 to
  /// TurnBudget::kRecords. What is read beyond that stays as it came.
  uint32_t record_limit() const { return records_behind_first_ + 1U; }
  TurnBudget::Allowance allowance() const {
    return {record_limit(), has_compression() ? TurnBudget::kBytes : TurnBudget::kMostBytes};
  }
  void set_record_limit(uint32_t limit) {
    WSUV_ASSERT(limit >= 1 && limit <= TurnBudget::kRecords);
    records_behind_first_ = static_cast<uint8_t>(limit - 1);
  }
  /// Takes what comes from now on as if an error had been found before it.
  void StopReader() { reader_.Stop(); }

  Stage stage() const { return stage_; }
  MessageReader& reader() { return reader_; }
  Loop& loop() { return *loop_; }
  Listener* listener() const { return listener_; }
  const ConnectionSettings& settings() const { return *settings_; }
  ConnectionHandler* handler() const { return handler_; }
  Delivery delivery() const { return delivers_in_call_ ? Delivery::kInCall : Delivery::kInTurn; }
  /// A number for the handler's use; starts as 0.
  uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }

  /// libuv's error that has ended it; 0 where it has ended well, or not at all.
  int failure() const { return status_; }
  /// Whether a write has met that error, and not a read.
  bool write_failed() const { return write_failed_; }
  /// Bytes that were queued or written, ever, frame headers included.
  uint64_t enqueued() const { return enqueued_; }
  /// Of those, the bytes that were taken by whoever moves them.
  virtual uint64_t written() const { return enqueued_ - queue_.size(); }
  /// OnWritten is to be called, once, when the kernel has taken more. Nothing for those who move
  /// the bytes themselves.
  virtual void NotifyWritten() {}

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

 protected:
  /// Why something is offered to whoever writes it.
  enum class Occasion : uint8_t {
    kCall,  ///< It was just sent, or asked for: the caller is on the stack.
    kTurn,  ///< It was sent earlier in this turn of the loop.
  };
  /// Who tells of the error that has ended a transport, while messages that came before it wait.
  enum class Failure : uint8_t {
    kToReport,  ///< The handler does, and is told of it in front of them.
    kTold,      ///< Somebody else does.
  };
  /// How a transport ends.
  enum class Ending : uint8_t {
    kClose,
    kReset,    ///< With a RST, where it is TCP.
    kAbandon,  ///< Nobody is to be told.
  };

  Connection(Loop* loop, ConnectionHandler* handler,
             std::shared_ptr<const ConnectionSettings> settings, Role role, Delivery delivery);
  virtual ~Connection();

  // Who moves the bytes. The rest of this part is what the two kinds of connections call.

  /// From now on, bytes may come. Returns a libuv error.
  virtual int StartReading() = 0;
  /// Until StartReading(), no bytes should come; those that do are kept.
  virtual void StopReading() = 0;
  /// Writes what is queued, if anything is, as far as that goes. Behind it, TakeEnd() says whether
  /// our side is to end.
  virtual void Offer(Occasion occasion) = 0;
  /// Our side is to end, as TakeEnd() said. Called once more when the peer's ends after ours.
  virtual void EndWriting() = 0;
  /// Ends the transport, whatever is queued. TransportClosed() follows, at once or later, and
  /// TransportGone() when nothing refers to this any more.
  virtual void DestroyTransport(Ending ending) = 0;

  /// Offers the queue, a header and a large payload in one go, and queues what of them was not
  /// taken. False where that cannot be.
  virtual bool SendDirectly(ByteView header, ByteView payload);

  /// Is one of `listener`'s until it ends.
  void JoinListener(Listener* listener);
  /// A request head is to come first, within the settings' handshake_timeout.
  void AwaitHead();
  /// The opening handshake is done, and `early` was read behind it already, which is worked off
  /// first. Returns a libuv error.
  int BeginFrames(ByteView early);
  /// Where to read to, so that a message comes straight to where it is to stay; empty: anywhere.
  ReadWindow DirectWindow();
  /// Bytes were read: they are counted, and shown to a handler that wants them all.
  void NoteRead(ByteView bytes);
  /// What NoteRead() was told of has been parsed.
  void AfterParsing() {
    if (tapped_) ReportRaw();
  }
  /// They lie where DirectWindow() said.
  void OnDirectBytes(size_t size);
  /// They lie anywhere, and may be changed.
  void OnBytes(uint8_t* data, size_t size);
  /// The peer sends no more.
  void OnEnd();
  /// Reads no more until the loop has given the others their turn.
  void Hold();
  void ReportRaw();
  void TransportClosed(Failure failure);
  /// May delete this.
  void TransportGone();
  /// Ends the connection. `status` is libuv's error that did it, or 0.
  void Destroy(int status = 0, Ending ending = Ending::kClose);
  /// The same, where that happened to what was to be written.
  void FailWriting(int status);

  void MarkDirty();
  /// Queues a frame, but for its first `skip` bytes, in memory that other queues may share.
  void SendShared(ByteView header, ByteView payload, size_t skip);
  /// Whether our side is to end now, which it then has: that was asked for, and all is written.
  bool TakeEnd();
  WriteQueue& queue() { return queue_; }
  const WriteQueue& queue() const { return queue_; }
  void CountSent(size_t size) { enqueued_ += size; }
  bool end_requested() const { return end_requested_; }
  bool peer_ended() const { return peer_ended_; }

 private:
  class Output;
  struct Deadline;
  struct Compressed;
  struct Extras;

  // MessageSink
  uint8_t* Place(size_t size) final { return handler_->Place(*this, size); }
  uint8_t* PlacePiece(size_t size, bool is_last_frame) final {
    return handler_->PlacePiece(*this, size, is_last_frame);
  }
  std::unique_ptr<MessageMemory> Allocate(size_t size) final {
    return handler_->Allocate(*this, size);
  }
  Flow OnMessage(const Message& message) final;
  Progress OnPiece(const MessagePiece& piece) final;
  Flow OnFragment() final;
  Flow OnPing(ByteView payload) final;
  Flow OnPong(ByteView payload) final;
  void OnClose(uint16_t code, ByteView reason) final;
  void OnError(ErrorCode code, uint32_t detail) final;
  // Compression, and what it hears from the thread pool: few connections have one.
  void OnCompressed(const FrameHeader& header, const MessageBuffer* payload);
  void OnInflated(const Message* message, ErrorCode error, const char* sentence);

  Extras& EnsureExtras();
  void NoteActivity();

  void ReadHead(uint8_t* data, size_t size);
  std::unique_ptr<RequestHeadParser> TakeHeadParser();
  void ReportNoHead(UpgradeStatus status);
  void ReadFrames(uint8_t* data, size_t size);
  void ReadInput();
  bool TryToKeep(const uint8_t* data, size_t size);
  bool Keep(const uint8_t* data, size_t size);
  void FailForMemory();
  size_t input_size() const { return input_ == nullptr ? 0 : input_->size(); }
  void DropInput();
  Flow Inflate(const Message& message);
  Progress InflatePiece(const MessagePiece& piece);
  void DropPieces();
  void FailInflating(ErrorCode error, const char* sentence);
  void GoOnReading();
  void ReportClosed();
  void ReportEnd();
  void SendLargeFrame(const FrameHeader& header, ByteView payload);
  void AfterSend();
  bool QueueRaw(ByteView bytes);
  void AfterStateChange();
  void DeleteIfDone();
  bool HasDeadline(DeadlineKind kind) const;
  void ArmDeadline(DeadlineKind kind, uint64_t milliseconds);
  void DropDeadline(DeadlineKind kind);
  void LeaveListener();

  // Behind the flags, so that they share a word.
  Stage stage_ = Stage::kHead;
  uint8_t records_behind_first_ = TurnBudget::kRecords - 1;
  uint32_t id_ = 0;
  Loop* loop_;
  ConnectionHandler* handler_;
  Listener* listener_ = nullptr;
  std::shared_ptr<const ConnectionSettings> settings_;
  MessageReader reader_;
  WriteQueue queue_;
  std::unique_ptr<Deadline> deadlines_;  // Those that are armed, at most one of each kind.
  std::unique_ptr<Extras> extras_;
  std::unique_ptr<HeldInput> input_;  // While there is some.
  uint64_t enqueued_ = 0;
  uint64_t received_ = 0;
  uint32_t index_ = 0;
  ClosingHandshake closing_;
  int32_t status_ = 0;  // libuv's error that ended the transport.
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_CONNECTION_H_
