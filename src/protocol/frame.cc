#include "protocol/frame.h"

namespace wsuv {

bool IsValidCloseCode(uint32_t code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

}  // namespace wsuv
