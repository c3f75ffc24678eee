#include "protocol/memory.h"

namespace wsuv {

#ifdef WSUV_ASSERTIONS
long g_allocations_until_failure = -1;
#endif

}  // namespace wsuv
