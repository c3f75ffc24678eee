#include "binding/calls.h"

namespace wsuv {

Connection* ConnectionAt(const Napi::CallbackInfo& info, size_t index) {
  uint32_t handle = 0;
  napi_get_value_uint32(info.Env(), info[index], &handle);
  return Environment::From(info.Env())->Find(handle);
}

Context* ContextAt(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::External<ContextHandle>>().Data()->context;
}

Settings SettingsAt(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsExternal()) return nullptr;
  return *info[index].As<Napi::External<Settings>>().Data();
}

ByteView BytesAt(const Napi::CallbackInfo& info, size_t index) {
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_typedarray_info(info.Env(), info[index], nullptr, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      data == nullptr) {
    return {};
  }
  return {static_cast<const uint8_t*>(data), size};
}

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
