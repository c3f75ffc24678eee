#include "protocol/http_head.h"

#include <algorithm>
#include <array>

namespace wsuv {
namespace {

// The kinds of characters, by byte. Whether char is signed differs between machines, so that no
// byte is compared as a char.
enum : uint8_t {
  kTokenChar = 1,  // RFC 9110 5.6.2.
  kFieldChar = 2,  // RFC 9110 5.5: space, tab, visible ASCII, and bytes from 0x80 on.
  kVisible = 4,    // ASCII without controls and the space.
  kHostChar = 8,   // In front of a path, as llhttp has it: userinfo, and brackets.
};

constexpr bool Contains(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

constexpr std::array<uint8_t, 256> MakeKinds() {
  std::array<uint8_t, 256> kinds = {};
  for (size_t byte = 0; byte < 256; byte++) {
    uint8_t kind = 0;
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7F)) kind |= kFieldChar;
    if (byte > 0x20 && byte < 0x7F) {
      const char c = static_cast<char>(byte);
      const bool is_alphanumeric =
          (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      kind |= kVisible;
      if (is_alphanumeric || Contains("!#$%&'*+-.^_`|~", c)) kind |= kTokenChar;
      if (is_alphanumeric || Contains("-_.!~*'()%;:&=+$,[]", c)) kind |= kHostChar;
    }
    kinds[byte] = kind;
  }
  return kinds;
}

constexpr std::array<uint8_t, 256> kKinds = MakeKinds();

bool Is(uint8_t kind, char c) { return (kKinds[static_cast<unsigned char>(c)] & kind) != 0; }

bool IsAlpha(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Those that llhttp takes in requests of HTTP.
constexpr std::string_view kMethods[] = {
    "GET",         "HEAD",       "POST",       "PUT",   "DELETE",   "OPTIONS", "PATCH",
    "CONNECT",     "TRACE",      "COPY",       "LOCK",  "MKCOL",    "MOVE",    "PROPFIND",
    "PROPPATCH",   "SEARCH",     "UNLOCK",     "BIND",  "REBIND",   "UNBIND",  "ACL",
    "REPORT",      "MKACTIVITY", "CHECKOUT",   "MERGE", "M-SEARCH", "NOTIFY",  "SUBSCRIBE",
    "UNSUBSCRIBE", "PURGE",      "MKCALENDAR", "LINK",  "UNLINK",   "QUERY",   "SOURCE",
};

bool IsMethod(std::string_view text) {
  return std::find(std::begin(kMethods), std::end(kMethods), text) != std::end(kMethods);
}

bool BeginsMethod(std::string_view text) {
  return std::any_of(std::begin(kMethods), std::end(kMethods), [text](std::string_view method) {
    return method.substr(0, text.size()) == text;
  });
}

// A "1" of the minor version stands for "0" as well.
constexpr std::string_view kVersionLine = "HTTP/1.1\r\n";
constexpr size_t kMinorVersion = 7;

}  // namespace

bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (!Is(kTokenChar, c)) return false;
  }
  return !text.empty();
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

bool HasListElement(std::string_view value, std::string_view token) {
  while (true) {
    const size_t comma = value.find(',');
    if (EqualsIgnoreCase(Trim(value.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
}

std::string_view RequestHead::Find(std::string_view name, size_t* count) const {
  std::string_view found;
  size_t matches = 0;
  for (const HeaderField& field : fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    if (matches++ == 0) found = field.value;
  }
  if (count != nullptr) *count = matches;
  return found;
}

HeadStatus RequestHeadParser::Parse(std::string_view bytes, const HeadLimits& limits) {
  const size_t most = 2 * limits.max_size;
  const HeadStatus status = Read(bytes.substr(0, most), limits);
  if (status == HeadStatus::kIncomplete && bytes.size() > most) return HeadStatus::kTooLarge;
  if (status == HeadStatus::kComplete) Fill(bytes);
  return status;
}

HeadStatus RequestHeadParser::Read(std::string_view bytes, const HeadLimits& limits) {
  while (at_ < bytes.size()) {
    const char c = bytes[at_];
    HeadStatus status = HeadStatus::kIncomplete;
    switch (state_) {
      case State::kStart:
        if (c == '\r' || c == '\n') {
          at_++;
        } else {
          method_at_ = at_;
          state_ = State::kMethod;
        }
        break;
      case State::kMethod:
        status = ReadMethod(bytes);
        break;
      case State::kTarget:
        status = ReadTarget(bytes, limits);
        break;
      case State::kVersion:
        status = ReadVersion(bytes);
        break;
      case State::kFieldStart:
        if (c == '\r') {
          at_++;
          state_ = State::kHeadEnd;
        } else if (!Is(kTokenChar, c)) {
          status = HeadStatus::kMalformed;
        } else if (limits.max_headers > 0 && fields_.size() >= limits.max_headers) {
          status = HeadStatus::kTooLarge;
        } else {
          field_.name = at_;
          state_ = State::kName;
        }
        break;
      case State::kName:
        status = ReadWhile(bytes, limits, [](char next) { return Is(kTokenChar, next); });
        if (status != HeadStatus::kIncomplete || at_ == bytes.size()) break;
        if (bytes[at_] != ':') return HeadStatus::kMalformed;
        field_.name_size = at_ - field_.name;
        at_++;
        state_ = State::kValueStart;
        break;
      case State::kValueStart:
        if (IsSpace(c)) {
          at_++;
        } else {
          field_.value = at_;
          state_ = State::kValue;
        }
        break;
      case State::kValue:
        status = ReadWhile(bytes, limits, [](char next) { return Is(kFieldChar, next); });
        if (status != HeadStatus::kIncomplete || at_ == bytes.size()) break;
        if (bytes[at_] != '\r') return HeadStatus::kMalformed;
        EndField(bytes);
        at_++;
        state_ = State::kFieldEnd;
        break;
      case State::kFieldEnd:
        if (c != '\n') return HeadStatus::kMalformed;
        at_++;
        state_ = State::kFieldStart;
        break;
      case State::kHeadEnd:
        if (c != '\n') return HeadStatus::kMalformed;
        at_++;
        return HeadStatus::kComplete;
    }
    if (status != HeadStatus::kIncomplete) return status;
  }
  return HeadStatus::kIncomplete;
}

// Tells before its end that a method is none, so that whoever speaks another protocol is answered.
HeadStatus RequestHeadParser::ReadMethod(std::string_view bytes) {
  const size_t end = bytes.find(' ', at_);
  if (end == std::string_view::npos) {
    at_ = bytes.size();
    return BeginsMethod(bytes.substr(method_at_)) ? HeadStatus::kIncomplete
                                                  : HeadStatus::kMalformed;
  }
  if (!IsMethod(bytes.substr(method_at_, end - method_at_))) return HeadStatus::kMalformed;
  at_ = end + 1;
  target_at_ = at_;
  state_ = State::kTarget;
  return HeadStatus::kIncomplete;
}

RequestHeadParser::TargetPart RequestHeadParser::After(TargetPart part, char c) {
  switch (part) {
    case TargetPart::kStart:
      if (c == '/' || c == '*') return TargetPart::kRest;
      return IsAlpha(c) ? TargetPart::kScheme : TargetPart::kInvalid;
    case TargetPart::kScheme:
      if (c == ':') return TargetPart::kFirstSlash;
      return IsAlpha(c) ? TargetPart::kScheme : TargetPart::kInvalid;
    case TargetPart::kFirstSlash:
      return c == '/' ? TargetPart::kSecondSlash : TargetPart::kInvalid;
    case TargetPart::kSecondSlash:
      return c == '/' ? TargetPart::kHost : TargetPart::kInvalid;
    case TargetPart::kHost:
    case TargetPart::kBehindAt:
      if (c == '/' || c == '?') return TargetPart::kRest;
      if (c == '@' && part == TargetPart::kHost) return TargetPart::kBehindAt;
      return Is(kHostChar, c) ? TargetPart::kHost : TargetPart::kInvalid;
    case TargetPart::kRest:
      return Is(kVisible, c) ? TargetPart::kRest : TargetPart::kInvalid;
    case TargetPart::kInvalid:
      break;
  }
  return TargetPart::kInvalid;
}

HeadStatus RequestHeadParser::ReadTarget(std::string_view bytes, const HeadLimits& limits) {
  const HeadStatus status = ReadWhile(bytes, limits, [this](char next) {
    if (next == ' ') return false;
    target_part_ = After(target_part_, next);
    return target_part_ != TargetPart::kInvalid;
  });
  if (status != HeadStatus::kIncomplete || at_ == bytes.size()) return status;
  switch (target_part_) {
    case TargetPart::kHost:
    case TargetPart::kBehindAt:
    case TargetPart::kRest:
      at_++;
      version_at_ = at_;
      state_ = State::kVersion;
      return HeadStatus::kIncomplete;
    default:
      return HeadStatus::kMalformed;
  }
}

HeadStatus RequestHeadParser::ReadVersion(std::string_view bytes) {
  const size_t index = at_ - version_at_;
  const char c = bytes[at_];
  if (c != kVersionLine[index] && !(index == kMinorVersion && c == '0')) {
    return HeadStatus::kMalformed;
  }
  at_++;
  if (index + 1 == kVersionLine.size()) state_ = State::kFieldStart;
  return HeadStatus::kIncomplete;
}

// Goes on while `predicate` is true of the next byte, and counts.
template <typename Predicate>
HeadStatus RequestHeadParser::ReadWhile(std::string_view bytes, const HeadLimits& limits,
                                        Predicate predicate) {
  const size_t stop = std::min(bytes.size(), at_ + (limits.max_size - counted_));
  const size_t start = at_;
  size_t at = start;
  while (at < stop && predicate(bytes[at])) at++;
  at_ = at;
  counted_ += at - start;
  return counted_ >= limits.max_size ? HeadStatus::kTooLarge : HeadStatus::kIncomplete;
}

void RequestHeadParser::EndField(std::string_view bytes) {
  size_t end = at_;
  while (end > field_.value && IsSpace(bytes[end - 1])) end--;
  field_.value_size = end - field_.value;
  fields_.push_back(field_);
}

void RequestHeadParser::Fill(std::string_view bytes) {
  head_.method = bytes.substr(method_at_, target_at_ - 1 - method_at_);
  head_.target = bytes.substr(target_at_, version_at_ - 1 - target_at_);
  head_.version_minor = bytes[version_at_ + kMinorVersion] - '0';
  head_.fields.reserve(fields_.size());
  for (const Place& place : fields_) {
    head_.fields.push_back(
        {bytes.substr(place.name, place.name_size), bytes.substr(place.value, place.value_size)});
  }
}

}  // namespace wsuv
