// Text in, text out, with the C++ standard library. A C string goes in and comes back: the host takes memory with
// malloc, writes UTF-8 with a NUL behind it, calls slug(text), and reads up to the NUL of what it returns.
#include <cctype>
#include <string>

// extern "C" keeps the name as it is written; EXPORTED_FUNCTIONS lists it with a `_` in front.
extern "C" const char *slug(const char *text) {
  // It must outlive the call; an instance serves one call, so it is never freed.
  static std::string result;
  result.clear();
  for (const char *at = text; *at != '\0'; at++) {
    const unsigned char letter = static_cast<unsigned char>(*at);
    if (letter < 0x80 && !std::isalnum(letter)) {
      if (!result.empty() && result.back() != '-') result.push_back('-');
    } else {
      result.push_back(static_cast<char>(std::tolower(letter)));
    }
  }
  if (!result.empty() && result.back() == '-') result.pop_back();
  return result.c_str();
}
