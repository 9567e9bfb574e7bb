/* Greets. Text travels by the buffer convention: the host takes memory with `alloc`, writes UTF-8 there, calls
   `greet(pointer, length)`, and reads the result at `pointer << 32 | length`. There is no C library here. */
typedef unsigned int size;

/* Nothing is given back: an instance serves one call. */
static size used = 0;

char *alloc(size length) {
  extern char __heap_base;
  char *start = &__heap_base + used;
  used += (length + 15) & ~15u;
  size pages = __builtin_wasm_memory_size(0);
  size needed = ((size)(&__heap_base + used) + 65535) >> 16;
  if (needed > pages && __builtin_wasm_memory_grow(0, needed - pages) == (size)-1) return 0;
  return start;
}

static size append(char *to, size at, const char *from, size length) {
  for (size i = 0; i < length; i++) to[at + i] = from[i];
  return at + length;
}

unsigned long long greet(const char *name, size length) {
  char *text = alloc(length + 8);
  size end = append(text, 0, "Hello, ", 7);
  end = append(text, end, name, length);
  end = append(text, end, "!", 1);
  return (unsigned long long)(size)text << 32 | end;
}
