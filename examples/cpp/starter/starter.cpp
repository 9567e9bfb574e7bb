// Greets. Text travels by the buffer convention: the host takes memory with `malloc`, writes UTF-8 there, calls
// `greet(pointer, length)`, and reads the result at `pointer << 32 | length`.
#include <cstdint>
#include <string>

extern "C" uint64_t greet(const char *pointer, uint32_t length) {
  // It must outlive the call; an instance serves one call, so it is never freed.
  static std::string text;
  text = "Hello, " + std::string(pointer, length) + "!";
  return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(text.data())) << 32 | text.size();
}
