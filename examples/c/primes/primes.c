/* How many primes are below a limit, by trial division: pure integer work, no memory traffic. It is the CPU-bound
   module of the benchmark. The largest limit is 2^32 - 1, given as i64. */

/* Not inlined: engines swap in optimised code only when a function is called, and the loop below is called once. */
__attribute__((noinline)) static int is_prime(unsigned n) {
  if (n % 2 == 0) return n == 2;
  for (unsigned divisor = 3; divisor <= n / divisor; divisor += 2) {
    if (n % divisor == 0) return 0;
  }
  return n > 1;
}

/* Traps with `unreachable` when the limit is outside 0 .. 2^32 - 1. */
long long primes(long long limit) {
  if (limit < 0 || limit > 0xffffffffLL) __builtin_trap();
  long long count = 0;
  for (unsigned n = 2; n < (unsigned)limit; n++) count += is_prime(n);
  return count;
}
