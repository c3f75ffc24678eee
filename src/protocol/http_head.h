#ifndef WSUV_PROTOCOL_HTTP_HEAD_H_
#define WSUV_PROTOCOL_HTTP_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace wsuv {

/// Limits on a request head: those of Node's http module, counted as it counts.
struct HeadLimits {
  /// Bytes: the target, the names and the values together stay below this. In all, with white space
  /// and line ends, a head has at most twice as many.
  size_t max_size = 16 * 1024;
  /// Header fields; 0: as many as the size allows.
  size_t max_headers = 1000;
};

/// Views into the bytes that were parsed.
struct HeaderField {
  std::string_view name;
  std::string_view value;  ///< Without the white space around it.
};

/// A parsed request head; views into the bytes that were parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  int version_minor = 0;  ///< Of HTTP/1: 0 or 1.
  std::vector<HeaderField> fields;

  /// The value of the only field called `name` (any case); empty, with *count = 0, if there is
  /// none. Where there are several, the first one.
  std::string_view Find(std::string_view name, size_t* count = nullptr) const;
};

enum class HeadStatus : uint8_t {
  kIncomplete,  ///< No error so far, and no end.
  kComplete,
  kMalformed,  ///< Not HTTP/1.0 or 1.1: 400.
  kTooLarge,   ///< Past a limit: 431.
};

/// Parses a request head strictly (RFC 9112 2 to 5): CRLF only, no obs-fold, no white space before
/// a colon, tokens where tokens belong, no control characters; and methods and targets that Node's
/// parser (llhttp) takes. Empty lines may come first (RFC 9112 2.2).
///
/// Each byte is looked at once, however many pieces a head comes in, and the first one that is
/// wrong ends it.
class RequestHeadParser {
 public:
  /// `bytes` is all that came so far, from the first byte: what an earlier call got, and more.
  /// Not to be called again after anything but kIncomplete.
  HeadStatus Parse(std::string_view bytes, const HeadLimits& limits);

  /// After kComplete: views into what Parse() got last.
  const RequestHead& head() const { return head_; }
  /// After kComplete: how many bytes the head has.
  size_t size() const { return at_; }
  /// Whether anything but empty lines has come.
  bool has_begun() const { return state_ != State::kStart; }

 private:
  // What comes next.
  enum class State : uint8_t {
    kStart,
    kMethod,
    kTarget,
    kVersion,
    kFieldStart,
    kName,
    kValueStart,
    kValue,
    kFieldEnd,
    kHeadEnd,
  };
  // Where in a target (the URL of llhttp) the parser is.
  enum class TargetPart : uint8_t {
    kStart,
    kScheme,
    kFirstSlash,
    kSecondSlash,
    kHost,
    kBehindAt,
    kRest,  // Path, query and fragment.
    kInvalid,
  };
  // Where a field is in the bytes, which may move while the head is incomplete.
  struct Place {
    size_t name;
    size_t name_size;
    size_t value;
    size_t value_size;
  };

  static TargetPart After(TargetPart part, char c);
  HeadStatus Read(std::string_view bytes, const HeadLimits& limits);
  HeadStatus ReadMethod(std::string_view bytes);
  HeadStatus ReadTarget(std::string_view bytes, const HeadLimits& limits);
  HeadStatus ReadVersion(std::string_view bytes);
  template <typename Predicate>
  HeadStatus ReadWhile(std::string_view bytes, const HeadLimits& limits, Predicate predicate);
  void EndField(std::string_view bytes);
  void Fill(std::string_view bytes);

  State state_ = State::kStart;
  TargetPart target_part_ = TargetPart::kStart;
  size_t at_ = 0;       // The byte that comes next.
  size_t counted_ = 0;  // Against max_size.
  size_t method_at_ = 0;
  size_t target_at_ = 0;
  size_t version_at_ = 0;
  Place field_ = {};  // The one that is being read.
  std::vector<Place> fields_;
  RequestHead head_;
};

/// Whether `text` is a token (RFC 9110 5.6.2).
bool IsToken(std::string_view text);

/// Whether `a` and `b` are equal but for ASCII case.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

/// Whether the comma-separated list `value` has the element `token` (any case).
bool HasListElement(std::string_view value, std::string_view token);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_HTTP_HEAD_H_
