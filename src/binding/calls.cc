#include "binding/calls.h"

namespace wsuv {

Connection* ConnectionAt(const Napi::CallbackInfo& info, size_t index) {
  return FindGiven(Environment::From(info.Env()), static_cast<uint32_t>(IntegerAt(info, index)));
}

template <>
const napi_type_tag& TagOf<ContextHandle>() {
  static const napi_type_tag tag = {0x5d2b8c1f7a3e4906, 0x9c41e07fb82d6a53};
  return tag;
}

template <>
const napi_type_tag& TagOf<Settings>() {
  static const napi_type_tag tag = {0x71e0a94cd6385b2f, 0xb3f2186c0d9e7a45};
  return tag;
}

template <>
const napi_type_tag& TagOf<CompressionHandle>() {
  static const napi_type_tag tag = {0x2f86cb05193ad7e4, 0x8e6d41f7052bc93a};
  return tag;
}

Context* ContextAt(const Napi::CallbackInfo& info, size_t index) {
  const ContextHandle* held = HeldAt<ContextHandle>(info, index);
  return held == nullptr ? nullptr : held->context;
}

Settings SettingsAt(const Napi::CallbackInfo& info, size_t index) {
  if (info[index].IsUndefined()) return nullptr;
  const Settings* held = HeldAt<Settings>(info, index);
  return held == nullptr ? nullptr : *held;
}

Listener* ListenerAt(const Napi::CallbackInfo& info, size_t index) {
  return Environment::From(info.Env())->FindListener(static_cast<uint32_t>(IntegerAt(info, index)));
}

ByteView BytesOf(Napi::Value value) {
  void* data = nullptr;
  size_t size = 0;
  napi_typedarray_type type = napi_uint8_array;
  if (napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array || data == nullptr) {
    return {};
  }
  return {static_cast<const uint8_t*>(data), size};
}

ByteView BytesAt(const Napi::CallbackInfo& info, size_t index) { return BytesOf(info[index]); }

std::string Latin1At(const Napi::CallbackInfo& info, size_t index) {
  size_t size = 0;
  if (napi_get_value_string_latin1(info.Env(), info[index], nullptr, 0, &size) != napi_ok)
    return {};
  std::string text(size, '\0');
  napi_get_value_string_latin1(info.Env(), info[index], text.data(), size + 1, &size);
  return text;
}

Napi::Value AddressObject(Napi::Env env, const sockaddr_storage& address) {
  char text[64] = {};
  int port = 0;
  const bool is_v6 = address.ss_family == AF_INET6;
  if (is_v6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address);
    uv_ip6_name(in6, text, sizeof(text));
    port = ntohs(in6->sin6_port);
  } else if (address.ss_family == AF_INET) {
    const auto* in4 = reinterpret_cast<const sockaddr_in*>(&address);
    uv_ip4_name(in4, text, sizeof(text));
    port = ntohs(in4->sin_port);
  } else {
    return env.Undefined();
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("address", text);
  object.Set("family", is_v6 ? "IPv6" : "IPv4");
  object.Set("port", port);
  return object;
}

}  // namespace wsuv
