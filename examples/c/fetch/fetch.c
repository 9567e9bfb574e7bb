/* Sends the HTTP request that stands on its standard input, as JSON, and prints the answer, JSON too. A WASI command. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The request as JSON; returns the length of the answer. */
__attribute__((import_module("corebrum"), import_name("http_request"))) size_t http_request(const char *text, size_t length);
/* Writes that answer. */
__attribute__((import_module("corebrum"), import_name("http_answer"))) void http_answer(char *text);

int main(void) {
  static char request[65536];
  size_t length = 0;
  ssize_t count;
  while (length < sizeof request && (count = read(0, request + length, sizeof request - length)) > 0) length += (size_t)count;
  size_t size = http_request(request, length);
  char *answer = malloc(size);
  if (answer == NULL) {
    fputs("no memory for the answer\n", stderr);
    return 1;
  }
  http_answer(answer);
  return write(1, answer, size) == (ssize_t)size ? 0 : 1;
}
