#include <algorithm>
#include <cstring>

#include "binding/calls.h"
#include "binding/seam.h"
#include "transport/external_connection.h"
#include "transport/socket_connection.h"

namespace wsuv {
namespace {

// Makes a connection of the arguments (context, settings, isServer) by `make`, which gives null
// where it does not start. Gives its handle, or 0 where that cannot be.
template <typename Make>
Napi::Value MakeConnection(const Napi::CallbackInfo& info, Make make) {
  const Napi::Env env = info.Env();
  Environment* environment = Environment::From(env);
  Context* context = ContextAt(info, 0);
  Loop* loop = environment->loop();
  if (loop == nullptr) return Napi::Number::New(env, 0);
  const Role role = FlagAt(info, 2) ? Role::kServer : Role::kClient;
  const Settings settings = SettingsAt(info, 1);
  if (context == nullptr || settings == nullptr) {
    if (!env.IsExceptionPending()) ThrowArgument(info, 1, "settings");
    return env.Undefined();
  }
  Connection* connection = make(loop, context, settings, role);
  if (connection == nullptr) return Napi::Number::New(env, 0);
  if (!environment->AssignHandle(*connection)) {
    connection->Abandon();
    return Napi::Number::New(env, 0);
  }
  // A client's handlers see what the code that made the client saw. Those of a server's connections
  // run where nobody's code runs, as under Node's own servers.
  if (role == Role::kClient) {
    environment->SetScope(connection->id(), std::make_shared<AsyncScope>(env));
  }
  return Napi::Number::New(env, connection->id());
}

/// attach(context, settings, isServer): a handle for a connection whose bytes lib/ moves between a
/// stream.Duplex and the calls below; 0 when there is no room for one more.
Napi::Value Attach(const Napi::CallbackInfo& info) {
  return MakeConnection(info, ExternalConnection::Make);
}

/// adopt(context, settings, isServer, fd, isPipe, early, received): a handle for a connection on a
/// socket whose opening handshake is done, on a descriptor of its own; 0 where that cannot be.
Napi::Value Adopt(const Napi::CallbackInfo& info) {
  const auto kind = FlagAt(info, 4) ? SocketConnection::Kind::kPipe : SocketConnection::Kind::kTcp;
  return MakeConnection(
      info,
      [&info, kind](Loop* loop, Context* context, const Settings& settings,
                    Role role) -> Connection* {
        auto* connection = SocketConnection::Make(loop, context, settings, role, kind);
        connection->set_received(static_cast<uint64_t>(std::max(NumberAt(info, 6), 0.0)));
        const int status = connection->StartAdopted(IntegerAt(info, 3), BytesAt(info, 5));
        return status == 0 ? connection : nullptr;
      });
}

/// renewScope(handle): from now on a client's handlers see what the code that runs now sees.
Napi::Value RenewScope(const Napi::CallbackInfo& info) {
  Environment* environment = Environment::From(info.Env());
  const Connection* connection = ConnectionAt(info, 0);
  if (connection != nullptr) {
    environment->SetScope(connection->id(), std::make_shared<AsyncScope>(info.Env()));
  }
  return info.Env().Undefined();
}

// The connection of a stream that `handle` names; null where there is none.
ExternalConnection* StreamOf(const Napi::CallbackInfo& info, uint32_t handle) {
  Connection* connection = Environment::From(info.Env())->Find(handle);
  return connection == nullptr ? nullptr : connection->AsExternal();
}

// Tells lib/ how the connection stands, and returns how many bytes there are to be written.
Napi::Value TellState(const Napi::CallbackInfo& info, uint32_t handle) {
  ExternalConnection* connection = StreamOf(info, handle);
  // A socket of the addon's can be fed, too, and sees to its output by itself.
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  const size_t size = connection->OutputSize();
  int32_t state = connection->is_holding() ? kStreamHold : 0;
  if (size == 0) {
    // The end comes behind the output.
    if (connection->wants_destroy()) {
      state |= kStreamDestroy;
    } else if (connection->TakeEnd()) {
      state |= kStreamEnd;
    }
  }
  Environment::ContextOf(*connection)->set_stream_state(state);
  return Napi::Number::New(info.Env(), static_cast<double>(size));
}

// Runs `action` on a connection and delivers what it reports before it returns, behind what waits
// of that connection.
template <typename Action>
Napi::Value Report(const Napi::CallbackInfo& info, Action action) {
  Environment* environment = Environment::From(info.Env());
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  const uint32_t handle = connection->id();
  Context* context = Environment::ContextOf(*connection);
  context->DeliverOf(connection);
  connection = environment->Find(handle);
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  context->set_stream_state(0);
  action(connection);
  context->DeliverOf(connection);
  return TellState(info, handle);
}

/// feed(handle, chunk): the stream delivered a chunk, which is unmasked in place. This and the next
/// three return how many bytes there are to be written, and leave in the cursor what is to be done
/// with the stream: kStreamEnd, kStreamDestroy or kStreamHold of seam.h.
Napi::Value Feed(const Napi::CallbackInfo& info) {
  return Report(info, [&info](Connection* connection) {
    // Asked for only now, since handlers have run: the chunk may be another one by then.
    const ByteView bytes = BytesAt(info, 1);
    connection->Feed(const_cast<uint8_t*>(bytes.data), bytes.size);
  });
}

/// feedEnd(handle): the stream has ended.
Napi::Value FeedEnd(const Napi::CallbackInfo& info) {
  return Report(info, [](Connection* connection) { connection->FeedEnd(); });
}

/// feedClosed(handle): the stream is closed.
Napi::Value FeedClosed(const Napi::CallbackInfo& info) {
  return Report(info, [](Connection* connection) {
    if (connection->AsExternal() != nullptr) connection->AsExternal()->FeedClosed();
  });
}

/// streamState(handle): nothing but how the connection stands.
Napi::Value StreamState(const Napi::CallbackInfo& info) {
  const Connection* connection = ConnectionAt(info, 0);
  return TellState(info, connection == nullptr ? 0 : connection->id());
}

/// takeOutput(handle, target): writes what is to be written to `target`, which has as many bytes as
/// one of these has said. Then tells the state anew.
Napi::Value TakeOutput(const Napi::CallbackInfo& info) {
  Connection* const any = ConnectionAt(info, 0);
  ExternalConnection* connection = any == nullptr ? nullptr : any->AsExternal();
  if (connection == nullptr) return Napi::Number::New(info.Env(), 0);
  const ByteView target = BytesAt(info, 1);
  if (target.size != connection->OutputSize()) {
    Napi::RangeError::New(info.Env(), "The output has another size").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  auto* at = const_cast<uint8_t*>(target.data);
  WriteBlock* const chain = connection->TakeOutput();
  for (WriteBlock* block = chain; block != nullptr; block = block->next) {
    const size_t count = block->end - block->begin;
    std::memcpy(at, block->data() + block->begin, count);
    at += count;
  }
  connection->loop().pool().Give(chain);
  return TellState(info, connection->id());
}

}  // namespace

void DefineStreamCalls(Napi::Env, Napi::Object exports) {
  Define<Attach>(exports, "attach");
  Define<Adopt>(exports, "adopt");
  Define<RenewScope>(exports, "renewScope");
  Define<Feed>(exports, "feed");
  Define<FeedEnd>(exports, "feedEnd");
  Define<FeedClosed>(exports, "feedClosed");
  Define<TakeOutput>(exports, "takeOutput");
  Define<StreamState>(exports, "streamState");
}

}  // namespace wsuv
