#include "binding/resources.h"

#include <new>

#include "binding/environment.h"
#include "binding/pending_exception.h"

namespace wsuv {

Resources::Resources(napi_env env, napi_value endpoints) : env_(env) {
  // Weak until there is a connection.
  napi_create_reference(env_, endpoints, 0, &endpoints_);
}

Resources::~Resources() {
  if (places_ != nullptr) {
    for (Place& place : *places_) Clear(place);
  }
  napi_delete_reference(env_, endpoints_);
}

void Resources::Clear(Place& place) {
  if (place.endpoint != nullptr) napi_delete_reference(env_, place.endpoint);
  place = Place();
}

void Resources::Forget(uint32_t handle) {
  if (places_ == nullptr) return;
  Place& place = PlaceOf(handle);
  if (place.handle == handle) Clear(place);
}

bool Resources::Find(uint32_t handle, napi_value* endpoint) {
  napi_value endpoints = nullptr;
  napi_valuetype type = napi_undefined;
  return napi_get_reference_value(env_, endpoints_, &endpoints) == napi_ok &&
         endpoints != nullptr &&
         napi_get_element(env_, endpoints, Environment::SlotOf(handle), endpoint) == napi_ok &&
         napi_typeof(env_, *endpoint, &type) == napi_ok && type == napi_object;
}

napi_value Resources::Of(uint32_t handle) {
  if (places_ == nullptr) places_.reset(new (std::nothrow) std::array<Place, kPlaces>());
  napi_value endpoint = nullptr;
  Place* const place = places_ == nullptr ? nullptr : &PlaceOf(handle);
  const bool is_its = place != nullptr && place->handle == handle;
  if (is_its && place->endpoint != nullptr) {
    place->was_used = true;
    napi_get_reference_value(env_, place->endpoint, &endpoint);
    return endpoint;
  }
  if (!Find(handle, &endpoint)) {
    ForgetException(env_);
    napi_create_object(env_, &endpoint);
    return endpoint;
  }
  if (is_its) {
    // Asked for a second time.
    napi_create_reference(env_, endpoint, 1, &place->endpoint);
  } else if (place != nullptr) {
    if (!place->was_used) {
      Clear(*place);
      place->handle = handle;
    }
    place->was_used = false;
  }
  return endpoint;
}

}  // namespace wsuv
