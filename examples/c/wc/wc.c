/* Counts the lines, words and bytes of its standard input, and prints them as one JSON object. A WASI command. */
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  static char buffer[65536];
  long lines = 0, words = 0, bytes = 0;
  int within = 0;
  ssize_t count;
  while ((count = read(0, buffer, sizeof buffer)) > 0) {
    bytes += count;
    for (ssize_t i = 0; i < count; i++) {
      lines += buffer[i] == '\n';
      int space = isspace((unsigned char)buffer[i]);
      words += within == 0 && !space;
      within = !space;
    }
  }
  if (count < 0) {
    perror("standard input");
    return 1;
  }
  printf("{\"lines\": %ld, \"words\": %ld, \"bytes\": %ld}\n", lines, words, bytes);
  return 0;
}
