;; The greatest common divisor of two integers, by Euclid's algorithm, written by hand.
;; Numeric convention: two i64 in, one i64 out. gcd(0, 0) is 0; the signs of the inputs do not matter.
(module
  (func $gcd (export "gcd") (param $a i64) (param $b i64) (result i64)
    (local $rest i64)
    (block $done
      (loop $again
        (br_if $done (i64.eqz (local.get $b)))
        ;; The remainder takes the sign of $a; both signs give the same divisor.
        (local.set $rest (i64.rem_s (local.get $a) (local.get $b)))
        (local.set $a (local.get $b))
        (local.set $b (local.get $rest))
        (br $again)))
    (if (i64.lt_s (local.get $a) (i64.const 0))
      (then
        (local.set $a (i64.sub (i64.const 0) (local.get $a)))
        ;; Only -2^63 stays negative: its divisor 2^63 does not fit an i64, so trap rather than return a wrong sign.
        (if (i64.lt_s (local.get $a) (i64.const 0)) (then (unreachable)))))
    (local.get $a)))
