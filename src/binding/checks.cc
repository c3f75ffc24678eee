#include "binding/checks.h"

namespace wsuv {

void ThrowArgument(const Napi::CallbackInfo& info, size_t index, const char* expected) {
  const std::string message =
      "Argument " + std::to_string(index + 1) + " must be of type " + expected;
  napi_throw_type_error(info.Env(), "ERR_INVALID_ARG_TYPE", message.c_str());
}

double NumberAt(const Napi::CallbackInfo& info, size_t index) {
  double value = 0;
  if (napi_get_value_double(info.Env(), info[index], &value) != napi_ok) {
    ThrowArgument(info, index, "number");
  }
  return value;
}

bool FlagAt(const Napi::CallbackInfo& info, size_t index) {
  napi_value value = nullptr;
  bool flag = false;
  if (napi_coerce_to_bool(info.Env(), info[index], &value) != napi_ok) return false;
  napi_get_value_bool(info.Env(), value, &flag);
  return flag;
}

int32_t IntegerAt(const Napi::CallbackInfo& info, size_t index) {
  int32_t value = 0;
  if (napi_get_value_int32(info.Env(), info[index], &value) != napi_ok) {
    ThrowArgument(info, index, "number");
  }
  return value;
}

uint32_t EnumeratorAt(const Napi::CallbackInfo& info, size_t index, uint32_t count) {
  const int32_t value = IntegerAt(info, index);
  return value >= 0 && static_cast<uint32_t>(value) < count ? static_cast<uint32_t>(value) : 0;
}

std::string TextAt(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsString()) {
    ThrowArgument(info, index, "string");
    return {};
  }
  return info[index].As<Napi::String>().Utf8Value();
}

Napi::Object ObjectAt(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsObject()) {
    ThrowArgument(info, index, "object");
    return Napi::Object();
  }
  return info[index].As<Napi::Object>();
}

}  // namespace wsuv
