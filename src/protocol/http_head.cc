#include "protocol/http_head.h"

namespace wsuv {
namespace {

bool IsTokenChar(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// RFC 9110 5.5: visible ASCII, space, tab, and bytes above 0x7F, which have no meaning here.
bool IsFieldValue(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) return false;
  }
  return true;
}

// RFC 9112 3: method SP request-target SP HTTP-version.
bool ParseRequestLine(std::string_view line, RequestHead* head) {
  const size_t first = line.find(' ');
  if (first == std::string_view::npos) return false;
  const size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!IsToken(method) || target.empty()) return false;
  for (const char c : target) {
    if (c <= 0x20 || c == 0x7F) return false;
  }
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !IsDigit(version[5]) ||
      version[6] != '.' || !IsDigit(version[7])) {
    return false;
  }
  head->method = method;
  head->target = target;
  head->version_major = version[5] - '0';
  head->version_minor = version[7] - '0';
  return true;
}

bool ParseField(std::string_view line, HeaderField* field) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  field->name = line.substr(0, colon);
  field->value = Trim(line.substr(colon + 1));
  return IsToken(field->name) && IsFieldValue(field->value);
}

}  // namespace

bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (!IsTokenChar(c)) return false;
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

HeadStatus ParseRequestHead(std::string_view bytes, const HeadLimits& limits, size_t* checked,
                            RequestHead* head, size_t* head_size) {
  // Is there a whole head, or a whole line more than last time? Until there is, only count.
  const size_t start = bytes.substr(0, 2) == "\r\n" ? 2 : 0;
  const size_t last_line_end = bytes.rfind('\n');
  if (last_line_end == std::string_view::npos || last_line_end < *checked) {
    return bytes.size() > limits.max_size ? HeadStatus::kTooLarge : HeadStatus::kIncomplete;
  }
  *checked = last_line_end + 1;

  head->fields.clear();
  bool first_line = true;
  size_t at = start;
  while (true) {
    const size_t feed = bytes.find('\n', at);
    if (feed == std::string_view::npos) {
      return bytes.size() > limits.max_size ? HeadStatus::kTooLarge : HeadStatus::kIncomplete;
    }
    if (feed >= limits.max_size) return HeadStatus::kTooLarge;
    if (feed == at || bytes[feed - 1] != '\r') return HeadStatus::kMalformed;
    const std::string_view line = bytes.substr(at, feed - 1 - at);
    at = feed + 1;
    if (first_line) {
      if (!ParseRequestLine(line, head)) return HeadStatus::kMalformed;
      first_line = false;
    } else if (line.empty()) {
      *head_size = at;
      return HeadStatus::kComplete;
    } else {
      HeaderField field;
      if (!ParseField(line, &field)) return HeadStatus::kMalformed;
      if (head->fields.size() >= limits.max_headers) return HeadStatus::kTooLarge;
      head->fields.push_back(field);
    }
  }
}

}  // namespace wsuv
