;; How many of the numbers from 1 to n have no divisor but 1 and themselves, and how long it took to count them, in
;; nanoseconds. The first result is the same everywhere, the second is not.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func $now (result i64)
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 8)))
    (i64.load (i32.const 8)))
  (func $is_prime (param $n i64) (result i32)
    (local $d i64)
    (if (i64.lt_s (local.get $n) (i64.const 2)) (then (return (i32.const 0))))
    (local.set $d (i64.const 2))
    (loop $next
      (if (i64.gt_s (i64.mul (local.get $d) (local.get $d)) (local.get $n)) (then (return (i32.const 1))))
      (if (i64.eqz (i64.rem_s (local.get $n) (local.get $d))) (then (return (i32.const 0))))
      (local.set $d (i64.add (local.get $d) (i64.const 1)))
      (br $next))
    (unreachable))
  (func (export "measure") (param $n i64) (result i64 i64)
    (local $start i64) (local $count i64)
    (local.set $start (call $now))
    (loop $next
      (local.set $count (i64.add (local.get $count) (i64.extend_i32_u (call $is_prime (local.get $n)))))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $next (i64.gt_s (local.get $n) (i64.const 0))))
    (local.get $count)
    (i64.sub (call $now) (local.get $start))))
