#include <algorithm>

#include "binding/calls.h"
#include "binding/seam.h"
#include "transport/listener.h"
#include "transport/socket_connection.h"

namespace wsuv {
namespace {

/// Runs `action` on the connection that the first argument names, if its socket is the addon's.
template <typename Action>
Napi::Value WithSocket(const Napi::CallbackInfo& info, Action action) {
  return WithConnection(info, [&action](Connection& connection) {
    SocketConnection* socket = connection.AsSocket();
    if (socket != nullptr) action(*socket);
  });
}

/// useSettings(handle, settings): the limits for what is read from now on.
Napi::Value UseSettings(const Napi::CallbackInfo& info) {
  const Settings settings = SettingsAt(info, 1);
  return WithConnection(info, [&settings](Connection& connection) {
    if (settings != nullptr) connection.UseSettings(settings);
  });
}

/// useCompression(handle, compression): permessage-deflate was negotiated.
Napi::Value UseCompression(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    const CompressionHandle* held = HeldAt<CompressionHandle>(info, 1);
    if (held != nullptr) connection.UseCompression(*held);
  });
}

/// sendRaw(handle, bytes): bytes that are frames already, or that the user wrote to `_socket`.
Napi::Value SendRaw(const Napi::CallbackInfo& info) {
  return WithConnection(info,
                        [&info](Connection& connection) { connection.SendRaw(BytesAt(info, 1)); });
}

/// sendResponse(handle, bytes): the answer to the opening handshake.
Napi::Value SendResponse(const Napi::CallbackInfo& info) {
  return WithConnection(
      info, [&info](Connection& connection) { connection.SendResponse(BytesAt(info, 1)); });
}

/// close(handle, code, reason): our closing handshake; code 1005 sends none.
Napi::Value Close(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.Close(static_cast<uint16_t>(IntegerAt(info, 1)), BytesAt(info, 2));
  });
}

/// reactToClose(handle, code, reason): the record of the peer's close frame was delivered.
Napi::Value ReactToClose(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.ReactToClose(static_cast<uint16_t>(IntegerAt(info, 1)), BytesAt(info, 2));
  });
}

/// reactToError(handle, error): the record of a protocol error was delivered.
Napi::Value ReactToError(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.ReactToError(static_cast<ErrorCode>(EnumeratorAt(info, 1, kErrorCodeCount)));
  });
}

/// reactToEnd(handle): the record of the peer's end was delivered.
Napi::Value ReactToEnd(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.ReactToEnd(); });
}

/// setNextMaskingKey(handle, key): four bytes for the close frame of a client.
Napi::Value SetNextMaskingKey(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  const ByteView key = BytesAt(info, 1);
  if (connection != nullptr && key.size == 4) connection->SetNextMaskingKey(key.data);
  return info.Env().Undefined();
}

/// endTransport(handle): ends our side when all is written, without a closing handshake.
Napi::Value EndTransport(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.EndTransport(); });
}

/// release(handle): lib/ has let go of the connection, whose end it has been told.
Napi::Value Release(const Napi::CallbackInfo& info) {
  uint32_t handle = 0;
  napi_get_value_uint32(info.Env(), info[0], &handle);
  Environment* environment = Environment::From(info.Env());
  if (FindGiven(environment, handle) != nullptr) environment->ReleaseHandle(handle);
  return info.Env().Undefined();
}

/// wantText(handle): text messages of the connection will be read as strings.
Napi::Value WantText(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    Environment::From(info.Env())->SetWantsText(connection.id());
  });
}

/// lendPieces(handle, lends): whether lib/ is done with each piece of a message when its function
/// returns, and shows it to nobody.
Napi::Value LendPieces(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    bool lends = false;
    napi_get_value_bool(info.Env(), info[1], &lends);
    Environment::From(info.Env())->SetLendsPieces(connection.id(), lends);
  });
}

/// expectEnd(handle): a close frame waits to be sent: the time for the closing handshake begins.
Napi::Value ExpectEnd(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.ExpectEnd(); });
}

/// terminate(handle): drops the connection at once.
Napi::Value Terminate(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.Terminate(); });
}

/// reset(handle): the same with a RST.
Napi::Value Reset(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.Reset(); });
}

/// tap(handle, on, behind): whether 'raw' records are to come with all bytes that are read, in
/// front of what they say or behind it.
Napi::Value Tap(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    connection.set_tapped(FlagAt(info, 1), FlagAt(info, 2));
  });
}

/// received(handle): bytes ever read.
Napi::Value Received(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  const uint64_t bytes = connection == nullptr ? 0 : connection->received();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

/// idleTime(handle): milliseconds since the last read or write, counted from the first call of it.
Napi::Value IdleTime(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  const uint64_t since = connection->LastActivity();
  return Napi::Number::New(info.Env(), static_cast<double>(Loop::Now() - since));
}

/// pause(handle), resume(handle): whether what comes is reported.
Napi::Value Pause(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) { connection.Pause(); });
}

Napi::Value Resume(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) {
    connection.Resume();
    Environment::ContextOf(connection)->Resumed(&connection);
  });
}

/// limitRecords(handle, records): how many messages, pings and pongs of the connection are parsed
/// in a turn, from the next turn on.
Napi::Value LimitRecords(const Napi::CallbackInfo& info) {
  return WithConnection(info, [&info](Connection& connection) {
    constexpr auto kMost = static_cast<int32_t>(TurnBudget::kRecords);
    connection.set_record_limit(
        static_cast<uint32_t>(std::clamp<int32_t>(IntegerAt(info, 1), 1, kMost)));
  });
}

/// isHeld(handle): whether there is input that waits for the loop's next turn.
Napi::Value IsHeld(const Napi::CallbackInfo& info) {
  const Connection* connection = ConnectionAt(info, 0);
  return Napi::Boolean::New(info.Env(), connection != nullptr && connection->marked_held());
}

/// readHeld(handle): parses and delivers the input that isHeld() tells of, as far as the budget
/// goes, before it returns.
Napi::Value ReadHeld(const Napi::CallbackInfo& info) {
  return WithConnection(info, [](Connection& connection) {
    Context* context = Environment::ContextOf(connection);
    if (context->IsUnderWay(connection.id())) return;
    connection.ReadHeldNow();
    context->DeliverOf(&connection);
  });
}

/// enqueued(handle): bytes ever queued, frame headers included.
Napi::Value Enqueued(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  const uint64_t bytes = connection == nullptr ? 0 : connection->enqueued();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

/// flush(handle): offers what is queued to the kernel; returns the bytes that it ever took. With
/// true as second argument, one 'written' record follows when it takes more.
Napi::Value Flush(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  connection->Flush();
  if (FlagAt(info, 1)) connection->NotifyWritten();
  return Napi::Number::New(info.Env(), static_cast<double>(connection->written()));
}

// The calls for sockets alone: with any other connection they do nothing.

/// cork(handle, on): whether nothing that is queued is written until further notice.
Napi::Value Cork(const Napi::CallbackInfo& info) {
  return WithSocket(info, [&info](SocketConnection& socket) { socket.SetCorked(FlagAt(info, 1)); });
}

/// setNoDelay(handle, on), setKeepAlive(handle, on, seconds), setRef(handle, on)
Napi::Value SetNoDelay(const Napi::CallbackInfo& info) {
  return WithSocket(info,
                    [&info](SocketConnection& socket) { socket.SetNoDelay(FlagAt(info, 1)); });
}

Napi::Value SetKeepAlive(const Napi::CallbackInfo& info) {
  return WithSocket(info, [&info](SocketConnection& socket) {
    socket.SetKeepAlive(FlagAt(info, 1), static_cast<unsigned>(std::max(IntegerAt(info, 2), 1)));
  });
}

Napi::Value SetRef(const Napi::CallbackInfo& info) {
  return WithSocket(info, [&info](SocketConnection& socket) { socket.SetRef(FlagAt(info, 1)); });
}

// What every connection has.

/// isDestroyed(handle): whether the transport is going, or gone.
Napi::Value IsDestroyed(const Napi::CallbackInfo& info) {
  const Connection* connection = ConnectionAt(info, 0);
  return Napi::Boolean::New(info.Env(), connection == nullptr || connection->destroyed());
}

/// stage(handle): one of seam.h's stages.
Napi::Value StageOf(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  int32_t stage = kStageOver;
  if (connection != nullptr && connection->stage() != Connection::Stage::kClosed) {
    stage = connection->stage() == Connection::Stage::kWebSocket ? kStageOpen : kStageUndecided;
  }
  return Napi::Number::New(info.Env(), stage);
}

/// writeFailure(handle): libuv's error, lower by kFailedWrite, that a write has met, which has
/// ended the connection; 0 where none has.
Napi::Value WriteFailureOf(const Napi::CallbackInfo& info) {
  const Connection* connection = ConnectionAt(info, 0);
  const bool has_failed = connection != nullptr && connection->write_failed();
  return Napi::Number::New(info.Env(), has_failed ? connection->failure() - kFailedWrite : 0);
}

/// isPaused(handle): whether pause() was called, and resume() was not.
Napi::Value IsPaused(const Napi::CallbackInfo& info) {
  const Connection* connection = ConnectionAt(info, 0);
  return Napi::Boolean::New(info.Env(), connection != nullptr && connection->paused());
}

/// fd(handle): the descriptor; -1 where there is none.
Napi::Value Fd(const Napi::CallbackInfo& info) {
  int fd = -1;
  WithSocket(info, [&fd](SocketConnection& socket) { fd = std::max(socket.GetDescriptor(), -1); });
  return Napi::Number::New(info.Env(), fd);
}

/// listenerOf(handle): the id of the listener that has accepted the connection; 0 where there is
/// none.
Napi::Value ListenerOf(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  Listener* listener = connection == nullptr ? nullptr : connection->listener();
  return Napi::Number::New(info.Env(), listener == nullptr ? 0 : listener->id());
}

/// address(handle, remote): { address, family, port } of one end; undefined where there is none.
Napi::Value Address(const Napi::CallbackInfo& info) {
  sockaddr_storage address = {};
  int status = UV_ENOTSUP;
  WithSocket(info, [&](SocketConnection& socket) {
    status = socket.GetAddress(FlagAt(info, 1), &address);
  });
  return status == 0 ? AddressObject(info.Env(), address) : info.Env().Undefined();
}

}  // namespace

void DefineConnectionCalls(Napi::Env, Napi::Object exports) {
  Define<UseSettings>(exports, "useSettings");
  Define<UseCompression>(exports, "useCompression");
  Define<SendRaw>(exports, "sendRaw");
  Define<SendResponse>(exports, "sendResponse");
  Define<Close>(exports, "close");
  Define<ReactToClose>(exports, "reactToClose");
  Define<ReactToError>(exports, "reactToError");
  Define<ReactToEnd>(exports, "reactToEnd");
  Define<SetNextMaskingKey>(exports, "setNextMaskingKey");
  Define<EndTransport>(exports, "endTransport");
  Define<Release>(exports, "release");
  Define<WantText>(exports, "wantText");
  Define<LendPieces>(exports, "lendPieces");
  Define<Terminate>(exports, "terminate");
  Define<ExpectEnd>(exports, "expectEnd");
  Define<Reset>(exports, "reset");
  Define<Tap>(exports, "tap");
  Define<Received>(exports, "received");
  Define<IdleTime>(exports, "idleTime");
  Define<Pause>(exports, "pause");
  Define<Resume>(exports, "resume");
  Define<IsPaused>(exports, "isPaused");
  Define<IsHeld>(exports, "isHeld");
  Define<LimitRecords>(exports, "limitRecords");
  Define<ReadHeld>(exports, "readHeld");
  Define<Enqueued>(exports, "enqueued");
  Define<Flush>(exports, "flush");
  Define<Cork>(exports, "cork");
  Define<SetNoDelay>(exports, "setNoDelay");
  Define<SetKeepAlive>(exports, "setKeepAlive");
  Define<SetRef>(exports, "setRef");
  Define<IsDestroyed>(exports, "isDestroyed");
  Define<StageOf>(exports, "stage");
  Define<WriteFailureOf>(exports, "writeFailure");
  Define<Fd>(exports, "fd");
  Define<ListenerOf>(exports, "listenerOf");
  Define<Address>(exports, "address");
}

}  // namespace wsuv
