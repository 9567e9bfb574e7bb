/* n! in double precision, exported the way Emscripten's own tutorials do it: C's `factorial` is called `_factorial` on
   emcc's command line and `factorial` in the module. An f64 holds n! exactly up to 22; above, it is rounded. */
double factorial(int number) {
  double product = 1;
  for (int factor = 2; factor <= number; factor++) product *= factor;
  return product;
}
