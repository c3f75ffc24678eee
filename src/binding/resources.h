#ifndef WSUV_BINDING_RESOURCES_H_
#define WSUV_BINDING_RESOURCES_H_

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace wsuv {

/// The asynchronous resources that connections' events are delivered with, by handle: the endpoints
/// that lib/ keeps in an array. To ask V8 for an element of it costs a tenth of a small message, so
/// those that are asked for again are remembered: at most kPlaces of them, however many connections
/// there are.
class Resources {
 public:
  /// `endpoints` is the array, with the endpoint of a connection at its slot.
  Resources(napi_env env, napi_value endpoints);
  ~Resources();
  Resources(const Resources&) = delete;
  Resources& operator=(const Resources&) = delete;

  /// The array is kept, and may be collected again.
  void Retain() { napi_reference_ref(env_, endpoints_, nullptr); }
  void Unretain() { napi_reference_unref(env_, endpoints_, nullptr); }

  /// The endpoint of a connection; for one that has none yet, an object that nobody else ever sees.
  /// Within a handle scope.
  napi_value Of(uint32_t handle);
  /// The handle is given back.
  void Forget(uint32_t handle);

 private:
  static constexpr size_t kPlaces = 1024;

  struct Place {
    uint32_t handle = 0;
    bool was_used = false;  // Since another connection asked for the place.
    napi_ref endpoint = nullptr;
  };

  Place& PlaceOf(uint32_t handle) { return (*places_)[handle % kPlaces]; }
  void Clear(Place& place);
  bool Find(uint32_t handle, napi_value* endpoint);

  napi_env env_;
  napi_ref endpoints_ = nullptr;
  std::unique_ptr<std::array<Place, kPlaces>> places_;
};

}  // namespace wsuv

#endif  // WSUV_BINDING_RESOURCES_H_
