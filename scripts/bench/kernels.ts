/** Small modules, as text, that compute: what fuel is measured on. */

/** Multiplies two matrices of 128 x 128 numbers, n times. */
export const MATRIX = `(module (memory 8) (func (export "f") (param $n i32) (result f64) (local $i i32) (local $j i32) (local $k i32) (local $sum f64)
  (loop $again
    (local.set $i (i32.const 0))
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $sum (f64.convert_i32_u (local.get $n)))
        (local.set $k (i32.const 0))
        (loop $items
          (local.set $sum (f64.add (local.get $sum) (f64.mul
            (f64.load (i32.add (i32.shl (local.get $i) (i32.const 10)) (i32.shl (local.get $k) (i32.const 3))))
            (f64.load offset=131072 (i32.add (i32.shl (local.get $k) (i32.const 10)) (i32.shl (local.get $j) (i32.const 3)))))))
          (br_if $items (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 128))))
        (f64.store offset=262144 (i32.add (i32.shl (local.get $i) (i32.const 10)) (i32.shl (local.get $j) (i32.const 3))) (local.get $sum))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 128))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 128))))
    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (f64.load offset=262144 (i32.const 0))))`

/** Runs a program of nine instructions n times: a table of branches, memory, and calls from two of the cases. */
export const INTERPRETER = `(module (memory 1) (data (i32.const 0) "\\00\\01\\02\\03\\04\\01\\05\\02\\06")
  (func $push (param $value i32) (i32.store offset=1024 (i32.and (local.get $value) (i32.const 1020)) (local.get $value)))
  (func $mix (param $a i32) (param $b i32) (result i32) (local $i i32)
    (loop $rounds
      (local.set $a (i32.xor (i32.mul (local.get $a) (i32.const 0x9e3779b1)) (i32.shr_u (local.get $b) (i32.const 7))))
      (br_if $rounds (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
    (local.get $a))
  (func (export "f") (param $n i32) (result i32) (local $pc i32) (local $a i32) (local $b i32)
    (local.set $b (i32.const 7))
    (loop $next
      (block $c6 (block $c5 (block $c4 (block $c3 (block $c2 (block $c1 (block $c0
        (br_table $c0 $c1 $c2 $c3 $c4 $c5 $c6 (i32.load8_u (local.get $pc))))
        (local.set $a (i32.add (local.get $a) (i32.mul (local.get $b) (i32.const 31))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1))) (br $next))
        (local.set $b (i32.xor (i32.rotl (local.get $b) (i32.const 5)) (i32.div_u (local.get $a) (i32.const 3))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1))) (br $next))
        (call $push (i32.add (local.get $a) (local.get $b)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1))) (br $next))
        (local.set $a (i32.add (local.get $a) (i32.load offset=1024 (i32.and (local.get $b) (i32.const 1020)))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1))) (br $next))
        (local.set $b (call $mix (local.get $b) (local.get $a)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1))) (br $next))
        (if (i32.and (local.get $a) (i32.const 1)) (then (local.set $b (i32.add (local.get $b) (i32.const 3)))) (else (local.set $a (i32.sub (local.get $a) (i32.const 9)))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1))) (br $next))
      (local.set $pc (i32.const 0))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a)))`
