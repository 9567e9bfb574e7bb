/* n! from a 32-bit number to an exact 64-bit result. Numeric convention: i32 in, i64 out, no libc. */

/* Traps with `unreachable` where the result does not exist (number < 0) or does not fit 64 bits (number > 20). */
long long factorial(int number) {
  if (number < 0 || number > 20) __builtin_trap();
  long long product = 1;
  for (int factor = 2; factor <= number; factor++) product *= factor;
  return product;
}
