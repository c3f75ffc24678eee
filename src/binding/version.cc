#include "version.h"

#include "binding/calls.h"

namespace wsuv {
namespace {

// Written out, so that a core dump and `strings` show it, too.
const char kDescription[] = "wsuv " WSUV_VERSION " (commit " WSUV_COMMIT ")";

/// version(): what the binary was built from, as { version, commit, description }.
Napi::Value Version(const Napi::CallbackInfo& info) {
  Napi::Object version = Napi::Object::New(info.Env());
  version.Set("version", WSUV_VERSION);
  version.Set("commit", WSUV_COMMIT);
  version.Set("description", kDescription);
  return version;
}

}  // namespace

void DefineVersion(Napi::Env, Napi::Object exports) { Define<Version>(exports, "version"); }

}  // namespace wsuv
