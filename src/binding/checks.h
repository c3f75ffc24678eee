#ifndef WSUV_BINDING_CHECKS_H_
#define WSUV_BINDING_CHECKS_H_

#include <napi.h>

#include <memory>
#include <string>

namespace wsuv {

// What a call was given is believed only here. A value of another kind than the call takes makes it
// throw a TypeError; what these functions return then does no harm. None of them converts a value,
// and so none runs JavaScript: an address that was taken before is still good after.

/// Throws ERR_INVALID_ARG_TYPE: argument `index` is no `expected`.
void ThrowArgument(const Napi::CallbackInfo& info, size_t index, const char* expected);

/// A number; 0 for anything else.
double NumberAt(const Napi::CallbackInfo& info, size_t index);
/// Whether a value is truthy.
bool FlagAt(const Napi::CallbackInfo& info, size_t index);
/// A number as an integer of 32 bits, as JavaScript's `value | 0`.
int32_t IntegerAt(const Napi::CallbackInfo& info, size_t index);
/// The same as one of `count` values that begin at 0; 0 where it is none of them.
uint32_t EnumeratorAt(const Napi::CallbackInfo& info, size_t index, uint32_t count);
/// A string as UTF-8; empty for anything else.
std::string TextAt(const Napi::CallbackInfo& info, size_t index);
/// An object; an empty value for anything else.
Napi::Object ObjectAt(const Napi::CallbackInfo& info, size_t index);

/// The tag by which externals of type T are known from others. To be specialised for each.
template <typename T>
const napi_type_tag& TagOf();

/// An external that owns `held`.
template <typename T>
Napi::Value MakeHeld(Napi::Env env, std::unique_ptr<T> held) {
  Napi::External<T> external =
      Napi::External<T>::New(env, held.get(), [](Napi::Env, T* owned) { delete owned; });
  static_cast<void>(held.release());
  napi_type_tag_object(env, external, &TagOf<T>());
  return external;
}

/// What an external of MakeHeld<T>() holds; null for anything else, for which it throws.
template <typename T>
T* HeldAt(const Napi::CallbackInfo& info, size_t index) {
  bool is_its = false;
  if (!info[index].IsExternal() ||
      napi_check_object_type_tag(info.Env(), info[index], &TagOf<T>(), &is_its) != napi_ok ||
      !is_its) {
    ThrowArgument(info, index, "object of the addon's");
    return nullptr;
  }
  return info[index].As<Napi::External<T>>().Data();
}

}  // namespace wsuv

#endif  // WSUV_BINDING_CHECKS_H_
