#include <cstring>

#include "binding/calls.h"

namespace wsuv {
namespace {

// A client's handlers see what the code that made the client saw. Those of a server's connections
// run where nobody's code runs, as under Node's own servers.
void GiveScope(Environment* environment, Connection* connection, Role role) {
  if (role != Role::kClient) return;
  environment->SetScope(connection->id(), std::make_shared<AsyncScope>(environment->env()));
}

/// attach(context, settings, isServer): a handle for a connection whose bytes lib/ moves between a
/// stream.Duplex and the calls below; 0 when there is no room for one more.
Napi::Value Attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment* environment = Environment::From(env);
  Context* context = ContextAt(info, 0);
  Loop* loop = environment->loop();
  if (loop == nullptr) return Napi::Number::New(env, 0);
  const Role role = info[2].ToBoolean() ? Role::kServer : Role::kClient;
  auto* connection =
      new Connection(loop, context, SettingsAt(info, 1), role, Connection::Transport::kExternal);
  if (!environment->AssignHandle(*connection, context)) {
    connection->Abandon();
    return Napi::Number::New(env, 0);
  }
  GiveScope(environment, connection, role);
  connection->StartExternal();
  return Napi::Number::New(env, connection->id());
}

/// adopt(context, settings, isServer, fd, isPipe, early): a handle for a connection on a socket
/// whose opening handshake is done, on a descriptor of its own; 0 where that cannot be.
Napi::Value Adopt(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment* environment = Environment::From(env);
  Context* context = ContextAt(info, 0);
  Loop* loop = environment->loop();
  if (loop == nullptr) return Napi::Number::New(env, 0);
  const Role role = info[2].ToBoolean() ? Role::kServer : Role::kClient;
  const auto transport =
      info[4].ToBoolean() ? Connection::Transport::kPipe : Connection::Transport::kTcp;
  auto* connection = new Connection(loop, context, SettingsAt(info, 1), role, transport);
  if (connection->StartAdopted(info[3].ToNumber(), BytesAt(info, 5)) != 0) {
    return Napi::Number::New(env, 0);
  }
  if (!environment->AssignHandle(*connection, context)) {
    connection->Abandon();
    return Napi::Number::New(env, 0);
  }
  GiveScope(environment, connection, role);
  return Napi::Number::New(env, connection->id());
}

// Runs `action` on a stream's connection and delivers what it reports before it returns.
template <typename Action>
Napi::Value Report(const Napi::CallbackInfo& info, Action action) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return info.Env().Undefined();
  Context* context = Environment::From(info.Env())->ContextOf(connection->id());
  const size_t mark = context->Mark();
  action(connection);
  context->DeliverFrom(mark);
  return info.Env().Undefined();
}

/// feed(handle, chunk): the stream delivered a chunk, which is unmasked in place.
Napi::Value Feed(const Napi::CallbackInfo& info) {
  const ByteView bytes = BytesAt(info, 1);
  return Report(info, [bytes](Connection* connection) {
    connection->Feed(const_cast<uint8_t*>(bytes.data), bytes.size);
  });
}

/// isInflating(handle): whether what is fed now has to wait, so that the stream should be paused
/// until the next 'output' record.
Napi::Value IsInflating(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  return Napi::Boolean::New(info.Env(), connection != nullptr && connection->inflating());
}

/// feedEnd(handle): the stream has ended.
Napi::Value FeedEnd(const Napi::CallbackInfo& info) {
  return Report(info, [](Connection* connection) { connection->FeedEnd(); });
}

/// feedClosed(handle): the stream is closed.
Napi::Value FeedClosed(const Napi::CallbackInfo& info) {
  return Report(info, [](Connection* connection) { connection->FeedClosed(); });
}

/// takeOutput(handle): a Buffer with all that is to be written, or undefined.
Napi::Value TakeOutput(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  if (connection == nullptr) return info.Env().Undefined();
  WriteBlock* const chain = connection->TakeOutput();
  size_t size = 0;
  for (const WriteBlock* block = chain; block != nullptr; block = block->next) {
    size += block->end - block->begin;
  }
  if (size == 0) return info.Env().Undefined();
  Napi::Buffer<uint8_t> output = Napi::Buffer<uint8_t>::New(info.Env(), size);
  uint8_t* target = output.Data();
  for (WriteBlock* block = chain; block != nullptr; block = block->next) {
    const size_t count = block->end - block->begin;
    std::memcpy(target, block->data() + block->begin, count);
    target += count;
  }
  connection->loop().pool().Give(chain);
  return output;
}

/// takeEnd(handle): 1 if the stream should be ended now, 2 if it should be destroyed, else 0.
Napi::Value TakeEnd(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionAt(info, 0);
  int wish = 0;
  if (connection != nullptr) {
    if (connection->wants_destroy()) {
      wish = 2;
    } else if (connection->TakeEnd()) {
      wish = 1;
    }
  }
  return Napi::Number::New(info.Env(), wish);
}

}  // namespace

void DefineStreamCalls(Napi::Env, Napi::Object exports) {
  Define<Attach>(exports, "attach");
  Define<Adopt>(exports, "adopt");
  Define<Feed>(exports, "feed");
  Define<IsInflating>(exports, "isInflating");
  Define<FeedEnd>(exports, "feedEnd");
  Define<FeedClosed>(exports, "feedClosed");
  Define<TakeOutput>(exports, "takeOutput");
  Define<TakeEnd>(exports, "takeEnd");
}

}  // namespace wsuv
