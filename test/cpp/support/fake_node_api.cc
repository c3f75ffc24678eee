#include "support/fake_node_api.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace wsuv::test {
namespace {

FakeReference* Reference(napi_ref ref) { return reinterpret_cast<FakeReference*>(ref); }

// An ArrayBuffer.
std::shared_ptr<FakeValue> MakeBuffer(std::shared_ptr<FakeMemory> memory) {
  auto buffer = std::make_shared<FakeValue>();
  buffer->type = napi_object;
  buffer->length = memory->size;
  buffer->memory = std::move(memory);
  return buffer;
}

// A view of all of it.
std::shared_ptr<FakeValue> MakeView(std::shared_ptr<FakeValue> buffer) {
  auto view = std::make_shared<FakeValue>();
  view->type = napi_object;
  view->memory = buffer->memory;
  view->length = buffer->length;
  view->buffer = std::move(buffer);
  return view;
}

}  // namespace

std::shared_ptr<FakeValue> FakeNode::Shared(napi_value value) const {
  for (auto kept = values_.rbegin(); kept != values_.rend(); ++kept) {
    if (kept->get() == Value(value)) return *kept;
  }
  return nullptr;
}

}  // namespace wsuv::test

using wsuv::test::FakeMemory;
using wsuv::test::FakeNode;
using wsuv::test::FakeReference;
using wsuv::test::FakeValue;
using wsuv::test::MakeBuffer;
using wsuv::test::MakeView;
using wsuv::test::Reference;

// Node-API, as far as it is needed; the declarations are Node's.
extern "C" {

napi_status napi_set_instance_data(napi_env env, void* data, napi_finalize, void*) {
  FakeNode::From(env)->instance_data = data;
  return napi_ok;
}

napi_status napi_get_instance_data(napi_env env, void** data) {
  *data = FakeNode::From(env)->instance_data;
  return napi_ok;
}

napi_status napi_add_async_cleanup_hook(napi_env env, napi_async_cleanup_hook hook, void* data,
                                        napi_async_cleanup_hook_handle*) {
  FakeNode::From(env)->cleanup_hook = hook;
  FakeNode::From(env)->cleanup_data = data;
  return napi_ok;
}

napi_status napi_remove_async_cleanup_hook(napi_async_cleanup_hook_handle handle) {
  reinterpret_cast<FakeNode*>(handle)->Ended();
  return napi_ok;
}

napi_status napi_adjust_external_memory(napi_env env, int64_t change, int64_t* all) {
  *all = FakeNode::From(env)->external_memory += change;
  return napi_ok;
}

napi_status napi_get_uv_event_loop(napi_env env, uv_loop_t** loop) {
  *loop = FakeNode::From(env)->loop();
  return napi_ok;
}

napi_status napi_open_handle_scope(napi_env env, napi_handle_scope* scope) {
  *scope = reinterpret_cast<napi_handle_scope>(FakeNode::From(env)->OpenScope());
  return napi_ok;
}

napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) {
  FakeNode::From(env)->CloseScope(reinterpret_cast<size_t>(scope));
  return napi_ok;
}

napi_status napi_create_reference(napi_env env, napi_value value, uint32_t count,
                                  napi_ref* result) {
  auto* reference = new FakeReference();
  reference->weak = FakeNode::From(env)->Shared(value);
  if (count > 0) reference->strong = reference->weak.lock();
  reference->count = count;
  FakeNode::From(env)->references++;
  *result = reinterpret_cast<napi_ref>(reference);
  return napi_ok;
}

napi_status napi_delete_reference(napi_env env, napi_ref ref) {
  FakeNode::From(env)->references--;
  delete Reference(ref);
  return napi_ok;
}

napi_status napi_reference_ref(napi_env, napi_ref ref, uint32_t*) {
  if (Reference(ref)->count++ == 0) Reference(ref)->strong = Reference(ref)->weak.lock();
  return napi_ok;
}

napi_status napi_reference_unref(napi_env, napi_ref ref, uint32_t*) {
  if (--Reference(ref)->count == 0) Reference(ref)->strong.reset();
  return napi_ok;
}

napi_status napi_get_reference_value(napi_env env, napi_ref ref, napi_value* result) {
  std::shared_ptr<FakeValue> value = Reference(ref)->weak.lock();
  *result = value == nullptr ? nullptr : FakeNode::From(env)->Keep(std::move(value));
  return napi_ok;
}

napi_status napi_get_undefined(napi_env env, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_undefined);
  return napi_ok;
}

napi_status napi_create_object(napi_env env, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_object);
  return napi_ok;
}

napi_status napi_create_uint32(napi_env env, uint32_t number, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_number);
  FakeNode::Value(*result)->number = number;
  return napi_ok;
}

napi_status napi_create_double(napi_env env, double number, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_number);
  FakeNode::Value(*result)->number = number;
  return napi_ok;
}

napi_status napi_create_string_utf8(napi_env env, const char*, size_t, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_string);
  return napi_ok;
}

napi_status napi_typeof(napi_env, napi_value value, napi_valuetype* type) {
  *type = FakeNode::Value(value)->type;
  return napi_ok;
}

napi_status napi_get_element(napi_env env, napi_value array, uint32_t index, napi_value* result) {
  const auto& elements = FakeNode::Value(array)->elements;
  if (index < elements.size() && elements[index] != nullptr) {
    *result = FakeNode::From(env)->Keep(elements[index]);
    return napi_ok;
  }
  return napi_get_undefined(env, result);
}

napi_status napi_create_arraybuffer(napi_env env, size_t size, void** data, napi_value* result) {
  FakeNode* node = FakeNode::From(env);
  if (!node->HasMemory()) return napi_pending_exception;
  auto memory = std::make_shared<FakeMemory>(size);
  std::memset(memory->bytes, 0, size);
  *data = memory->bytes;
  *result = node->Keep(MakeBuffer(std::move(memory)));
  return napi_ok;
}

// There is one class, ArrayBuffer, wherever it is looked for.
napi_status napi_get_global(napi_env env, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_object);
  return napi_ok;
}

napi_status napi_get_named_property(napi_env env, napi_value, const char*, napi_value* result) {
  *result = FakeNode::From(env)->Make(napi_function);
  return napi_ok;
}

napi_status napi_new_instance(napi_env env, napi_value, size_t, const napi_value* arguments,
                              napi_value* result) {
  void* data = nullptr;
  const auto size = static_cast<size_t>(FakeNode::Value(arguments[0])->number);
  return napi_create_arraybuffer(env, size, &data, result);
}

napi_status napi_get_arraybuffer_info(napi_env, napi_value value, void** data, size_t* size) {
  *data = FakeNode::Value(value)->memory->bytes;
  *size = FakeNode::Value(value)->memory->size;
  return napi_ok;
}

napi_status napi_create_buffer(napi_env env, size_t size, void** data, napi_value* result) {
  FakeNode* node = FakeNode::From(env);
  if (!node->HasMemory()) return napi_pending_exception;
  auto memory = std::make_shared<FakeMemory>(size);
  std::memset(memory->bytes, FakeMemory::kUnwritten, size);
  *data = memory->bytes;
  *result = node->Keep(MakeView(MakeBuffer(std::move(memory))));
  return napi_ok;
}

napi_status napi_create_buffer_copy(napi_env env, size_t size, const void* from, void** data,
                                    napi_value* result) {
  void* bytes = nullptr;
  const napi_status status = napi_create_buffer(env, size, &bytes, result);
  if (status != napi_ok) return status;
  std::memcpy(bytes, from, size);
  if (data != nullptr) *data = bytes;
  return napi_ok;
}

napi_status napi_create_external_arraybuffer(napi_env env, void* bytes, size_t size,
                                             napi_finalize finalize, void* hint,
                                             napi_value* result) {
  auto buffer = MakeBuffer(std::make_shared<FakeMemory>(bytes, size));
  buffer->finalize = [=] { finalize(env, bytes, hint); };
  *result = FakeNode::From(env)->Keep(std::move(buffer));
  return napi_ok;
}

napi_status napi_create_typedarray(napi_env env, napi_typedarray_type, size_t length,
                                   napi_value buffer, size_t offset, napi_value* result) {
  auto view = MakeView(FakeNode::From(env)->Shared(buffer));
  view->offset = offset;
  view->length = length;
  *result = FakeNode::From(env)->Keep(std::move(view));
  return napi_ok;
}

napi_status napi_get_typedarray_info(napi_env env, napi_value value, napi_typedarray_type* type,
                                     size_t* length, void** data, napi_value* buffer,
                                     size_t* offset) {
  const FakeValue* view = FakeNode::Value(value);
  if (type != nullptr) *type = napi_uint8_array;
  if (length != nullptr) *length = view->length;
  if (data != nullptr) *data = view->bytes();
  if (buffer != nullptr) *buffer = FakeNode::From(env)->Keep(view->buffer);
  if (offset != nullptr) *offset = view->offset;
  return napi_ok;
}

napi_status napi_is_exception_pending(napi_env env, bool* result) {
  *result = FakeNode::From(env)->is_exception_pending;
  return napi_ok;
}

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value* result) {
  FakeNode::From(env)->is_exception_pending = false;
  return napi_create_object(env, result);
}

napi_status napi_fatal_exception(napi_env env, napi_value) {
  FakeNode::From(env)->uncaught++;
  if (FakeNode::From(env)->on_uncaught) FakeNode::From(env)->on_uncaught();
  return napi_ok;
}

static napi_status Call(napi_env env, FakeNode::Call call, napi_value receiver, napi_value function,
                        size_t count, const napi_value* values) {
  FakeNode* node = FakeNode::From(env);
  // Node does nothing where an exception is pending, which its caller has not looked at.
  if (node->is_exception_pending) return napi_pending_exception;
  std::vector<FakeValue*> arguments;
  for (size_t i = 0; i < count; i++) {
    // V8 takes it for an address.
    if (values[i] == nullptr) std::abort();
    arguments.push_back(FakeNode::Value(values[i]));
  }
  // Handlers come and go meanwhile; the function stays.
  const std::shared_ptr<FakeValue> called = node->Shared(function);
  const FakeNode::Call outer = std::exchange(node->call, call);
  const bool is_ok = called->call(FakeNode::Value(receiver), arguments);
  node->call = outer;
  if (is_ok) return napi_ok;
  node->is_exception_pending = true;
  return napi_pending_exception;
}

napi_status napi_call_function(napi_env env, napi_value receiver, napi_value function, size_t count,
                               const napi_value* values, napi_value*) {
  return Call(env, {true, nullptr}, receiver, function, count, values);
}

napi_status napi_make_callback(napi_env env, napi_async_context async, napi_value receiver,
                               napi_value function, size_t count, const napi_value* values,
                               napi_value*) {
  return Call(env, {false, async}, receiver, function, count, values);
}

napi_status napi_async_init(napi_env, napi_value, napi_value, napi_async_context* result) {
  *result = reinterpret_cast<napi_async_context>(new char);
  return napi_ok;
}

napi_status napi_async_destroy(napi_env, napi_async_context context) {
  delete reinterpret_cast<char*>(context);
  return napi_ok;
}

}  // extern "C"
