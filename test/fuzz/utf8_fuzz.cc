#include <cstdlib>
#include <string>

#include "protocol/utf8.h"
#include "support/reference_reader.h"

// The first byte chooses where the text is split; the validator must agree with a plain decoder,
// on the whole and on every prefix that the split makes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t piece = data[0] % 100 + 1;
  const uint8_t* text = data + 1;
  const size_t length = size - 1;
  wsuv::Utf8Validator validator;
  for (size_t at = 0; at < length; at += piece) {
    const size_t count = piece < length - at ? piece : length - at;
    const bool valid = validator.Push(text + at, count);
    const std::string prefix(reinterpret_cast<const char*>(text), at + count);
    bool complete;
    if (valid != wsuv::test::ReferenceUtf8(prefix, &complete)) std::abort();
    if (!valid) return 0;
    if (complete != validator.IsComplete()) std::abort();
  }
  return 0;
}
