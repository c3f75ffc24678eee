#ifndef WSUV_TRANSPORT_HALF_CLOSE_H_
#define WSUV_TRANSPORT_HALF_CLOSE_H_

#include <uv.h>

namespace wsuv {

/// uv_try_write() for the last bytes of a socket that ShutDownWriting() follows: where the system
/// can, it keeps them back and sends them in one packet with the end.
int WriteBeforeEnd(uv_stream_t* stream, uv_buf_t* buffers, unsigned count);

/// Ends the writing half of a socket at once, where uv_shutdown() takes a turn of the loop and a
/// call of epoll_ctl(). Nothing may be waiting to be written. 0 or a libuv error; UV_ENOTSUP where
/// only uv_shutdown() can (Windows).
int ShutDownWriting(const uv_stream_t* stream);

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_HALF_CLOSE_H_
