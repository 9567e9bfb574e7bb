;; Greets. Text travels by the buffer convention: the host takes memory with `alloc`, writes UTF-8 there, calls
;; `greet(pointer, length)`, and reads the result at `pointer << 32 | length`.
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "Hello, ")
  (global $next (mut i32) (i32.const 16))

  ;; One page less what stands below: longer names do not fit.
  (func (export "alloc") (param $length i32) (result i32)
    (if (i32.gt_u (local.get $length) (i32.const 32000)) (then (return (i32.const 0))))
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get $length))))

  (func (export "greet") (param $name i32) (param $length i32) (result i64)
    (local $text i32)
    (local.set $text (i32.const 32768))
    (memory.copy (local.get $text) (i32.const 0) (i32.const 7))
    (memory.copy (i32.add (local.get $text) (i32.const 7)) (local.get $name) (local.get $length))
    (i32.store8 (i32.add (local.get $text) (i32.add (local.get $length) (i32.const 7))) (i32.const 33))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $text)) (i64.const 32))
      (i64.extend_i32_u (i32.add (local.get $length) (i32.const 8))))))
