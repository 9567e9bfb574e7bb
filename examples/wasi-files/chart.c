/* Draws numbers as a bar chart: an ordinary C program with arguments, environment, standard input and files.
 *
 *   chart WIDTH HEIGHT PALETTE IMAGE
 *
 * Reads the numbers from standard input, with anything between them, and the colours of bars and background from the
 * file PALETTE, as two lines of six hexadecimal digits; writes a BMP of two colours to the file IMAGE and a JSON object to
 * standard output. The environment variable GAP says how many pixels lie between bars, 1 by default. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BARS = 4096, MAX_SIDE = 2048, HEADER = 62 };

static int fail(const char *what, const char *which) {
  fprintf(stderr, "chart: %s: %s\n", which, what);
  return 1;
}

/* The numbers of the stream, wherever they stand; -1 when there are too many. */
static int read_numbers(FILE *in, double *numbers) {
  char word[64];
  int count = 0;
  for (int c = getc(in); c != EOF;) {
    size_t length = 0;
    for (; c != EOF && strchr("+-.0123456789eE", c) && length < sizeof word - 1; c = getc(in)) word[length++] = (char)c;
    word[length] = '\0';
    char *end = word;
    double number = strtod(word, &end);
    if (end != word && number - number == 0) { /* which leaves infinity out */
      if (count == MAX_BARS) return -1;
      numbers[count++] = number;
    }
    if (length == 0) c = getc(in);
  }
  return count;
}

static void put16(uint8_t *at, uint32_t value) { at[0] = (uint8_t)value; at[1] = (uint8_t)(value >> 8); }
static void put32(uint8_t *at, uint32_t value) { put16(at, value); put16(at + 2, value >> 16); }

/* A bitmap of one bit a pixel, rows from the bottom up, each of whole 32-bit words. */
static int write_image(FILE *out, int width, int height, const uint32_t colours[2], const double *bars, int count, int gap) {
  size_t stride = ((size_t)width + 31) / 32 * 4;
  uint8_t header[HEADER] = { 'B', 'M' };
  put32(header + 2, (uint32_t)(HEADER + stride * (size_t)height));
  put32(header + 10, HEADER);
  put32(header + 14, 40);
  put32(header + 18, (uint32_t)width);
  put32(header + 22, (uint32_t)height);
  put16(header + 26, 1);
  put16(header + 28, 1);
  put32(header + 34, (uint32_t)(stride * (size_t)height));
  put32(header + 46, 2);
  put32(header + 54, colours[1]);
  put32(header + 58, colours[0]);
  if (fwrite(header, 1, HEADER, out) != HEADER) return 0;
  uint8_t row[MAX_SIDE / 8];
  for (int y = 0; y < height; y++) {
    memset(row, 0, sizeof row);
    for (int x = 0; x < width; x++) {
      int bar = x * count / width;
      int start = (bar * width + count - 1) / count;
      if (x - start >= gap && bars[bar] * height > y) row[x / 8] |= (uint8_t)(0x80 >> x % 8);
    }
    if (fwrite(row, 1, stride, out) != stride) return 0;
  }
  return 1;
}

int main(int argc, char **argv) {
  static double bars[MAX_BARS];
  if (argc != 5) return fail("takes the arguments WIDTH HEIGHT PALETTE IMAGE", "usage");
  int width = atoi(argv[1]), height = atoi(argv[2]);
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) return fail("must be from 1 to 2048", "width and height");
  const char *gap = getenv("GAP");

  uint32_t colours[2];
  FILE *palette = fopen(argv[3], "r");
  if (!palette) return fail("cannot be opened", argv[3]);
  if (fscanf(palette, "%x %x", &colours[0], &colours[1]) != 2) return fail("does not hold two colours such as 1f77b4", argv[3]);
  fclose(palette);

  int count = read_numbers(stdin, bars);
  if (count < 1) return fail(count < 0 ? "holds more than 4096 numbers" : "holds no number", "standard input");
  double largest = bars[0];
  for (int i = 1; i < count; i++) if (bars[i] > largest) largest = bars[i];
  for (int i = 0; i < count; i++) bars[i] = largest > 0 ? bars[i] / largest : 0;

  FILE *image = fopen(argv[4], "wb");
  if (!image || !write_image(image, width, height, colours, bars, count, gap ? atoi(gap) : 1) || fclose(image)) return fail("cannot be written", argv[4]);
  fprintf(stderr, "chart: %d bars in %d by %d pixels\n", count, width, height);
  printf("{\"bars\":%d,\"largest\":%.17g}\n", count, largest);
  return 0;
}
