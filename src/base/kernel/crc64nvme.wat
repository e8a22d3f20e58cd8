;; CRC-64/NVME: reflected polynomial 0x9a6c9329ac4bc9b5, by tables, sixteen bytes a step. The two
;; halves of each 2048 bytes are worked on at once, as their look-ups do not wait for each other,
;; and joined by a table that moves a CRC over 1024 zero bytes. States go in and out as they stand
;; in the loop: the caller inverts them at both ends. The order of the look-ups was measured: those
;; that wait for the state come last.
;;
;; Memory, imported:  0 sixteen tables of 256 x u64: a byte, then 0 to 15 zero bytes
;;                32768 eight tables of 256 x u64: a byte of a CRC moved over 1024 zero bytes
;;                49152 64 x u64: x^(2^k)    49664 64 x u64: scratch of init    50176 end
(module
  (import "env" "memory" (memory 1))

  ;; Fills the tables. Called once, before all others.
  (func (export "init")
    (local $i i32) (local $j i32) (local $crc i64)
    ;; Table 0: eight steps of one bit.
    (loop $bytes
      (local.set $crc (i64.extend_i32_u (local.get $i)))
      (local.set $j (i32.const 8))
      (loop $bits
        (local.set $crc (i64.xor
          (i64.shr_u (local.get $crc) (i64.const 1))
          (i64.and (i64.const 0x9a6c9329ac4bc9b5)
            (i64.sub (i64.const 0) (i64.and (local.get $crc) (i64.const 1))))))
        (br_if $bits (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
      (i64.store (i32.shl (local.get $i) (i32.const 3)) (local.get $crc))
      (br_if $bytes (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256))))
    ;; Tables 1 to 15: the entry 256 before, one zero byte further.
    (loop $entries
      (local.set $crc (i64.load (i32.shl (i32.sub (local.get $i) (i32.const 256)) (i32.const 3))))
      (i64.store (i32.shl (local.get $i) (i32.const 3)) (call $zero (local.get $crc)))
      (br_if $entries (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
    ;; x^1 is bit 62 here: the highest bit stands for x^0. Each power is the square of the last.
    (i64.store offset=49152 (i32.const 0) (i64.const 0x4000000000000000))
    (local.set $i (i32.const 8))
    (loop $powers
      (local.set $crc (i64.load offset=49144 (local.get $i)))
      (i64.store offset=49152 (local.get $i) (call $multiply (local.get $crc) (local.get $crc)))
      (br_if $powers (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 512))))
    ;; Each bit of a CRC moved over 1024 zero bytes, then each byte as the sum of its bits.
    (local.set $i (i32.const 0))
    (loop $basis
      (i64.store offset=49664 (i32.shl (local.get $i) (i32.const 3))
        (call $shift (i64.shl (i64.const 1) (i64.extend_i32_u (local.get $i))) (i64.const 1024)))
      (br_if $basis (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
    (local.set $i (i32.const 0))
    (loop $sums
      (local.set $j (i32.and (local.get $i) (i32.const 255)))
      (if (i32.eqz (local.get $j))
        (then (i64.store offset=32768 (i32.shl (local.get $i) (i32.const 3)) (i64.const 0)))
        (else (i64.store offset=32768 (i32.shl (local.get $i) (i32.const 3)) (i64.xor
          (i64.load offset=32768 (i32.shl
            (i32.and (local.get $i) (i32.sub (local.get $i) (i32.const 1))) (i32.const 3)))
          (i64.load offset=49664 (i32.shl
            (i32.add (i32.shl (i32.shr_u (local.get $i) (i32.const 8)) (i32.const 3))
              (i32.ctz (local.get $j)))
            (i32.const 3)))))))
      (br_if $sums (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2048)))))

  ;; A state one zero byte further.
  (func $zero (param $crc i64) (result i64)
    (i64.xor
      (i64.shr_u (local.get $crc) (i64.const 8))
      (i64.load (i32.shl (i32.and (i32.wrap_i64 (local.get $crc)) (i32.const 255)) (i32.const 3)))))

  ;; The product of two polynomials modulo CRC-64/NVME's.
  (func $multiply (param $a i64) (param $b i64) (result i64)
    (local $product i64)
    (loop $bits
      ;; $a loses its highest bit in each turn; it stands for the power that $b has by then.
      (local.set $product (i64.xor (local.get $product)
        (i64.and (local.get $b) (i64.shr_s (local.get $a) (i64.const 63)))))
      (local.set $b (i64.xor
        (i64.shr_u (local.get $b) (i64.const 1))
        (i64.and (i64.const 0x9a6c9329ac4bc9b5)
          (i64.sub (i64.const 0) (i64.and (local.get $b) (i64.const 1))))))
      (br_if $bits (i64.ne (local.tee $a (i64.shl (local.get $a) (i64.const 1))) (i64.const 0))))
    (local.get $product))

  ;; A state moved over $size zero bytes: times x^(8 * $size).
  (func $shift (export "shift") (param $crc i64) (param $size i64) (result i64)
    (local $power i32)
    (local.set $power (i32.const 24)) ;; x^8 is the fourth power of the table, at 3 * 8 bytes
    (loop $bits
      (if (i64.ne (i64.and (local.get $size) (i64.const 1)) (i64.const 0))
        (then (local.set $crc
          (call $multiply (local.get $crc) (i64.load offset=49152 (local.get $power))))))
      (local.set $power (i32.add (local.get $power) (i32.const 8)))
      (br_if $bits (i64.ne
        (local.tee $size (i64.shr_u (local.get $size) (i64.const 1))) (i64.const 0))))
    (local.get $crc))

  ;; A state moved over $size bytes at $at.
  (func (export "update") (param $crc i64) (param $at i32) (param $size i32) (result i64)
    (local $end i32) (local $half i32) (local $other i64) (local $x i64) (local $y i64)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $noPair
      (loop $pairs
        (br_if $noPair (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2048)))
        (local.set $half (i32.add (local.get $at) (i32.const 1024)))
        (local.set $other (i64.const 0))
        (loop $steps
          (local.set $x (i64.xor (local.get $crc) (i64.load (local.get $at))))
          (local.set $y (i64.load offset=8 (local.get $at)))
          (i32.and (i32.wrap_i64 (i64.shl (local.get $y) (i64.const 3))) (i32.const 2040))
          i64.load offset=14336
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 5))) (i32.const 2040))
          i64.load offset=12288 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 13))) (i32.const 2040))
          i64.load offset=10240 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 21))) (i32.const 2040))
          i64.load offset=8192 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 29))) (i32.const 2040))
          i64.load offset=6144 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 37))) (i32.const 2040))
          i64.load offset=4096 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 45))) (i32.const 2040))
          i64.load offset=2048 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 53))) (i32.const 2040))
          i64.load offset=0 i64.xor
          (i32.and (i32.wrap_i64 (i64.shl (local.get $x) (i64.const 3))) (i32.const 2040))
          i64.load offset=30720 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 5))) (i32.const 2040))
          i64.load offset=28672 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 13))) (i32.const 2040))
          i64.load offset=26624 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 21))) (i32.const 2040))
          i64.load offset=24576 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 29))) (i32.const 2040))
          i64.load offset=22528 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 37))) (i32.const 2040))
          i64.load offset=20480 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 45))) (i32.const 2040))
          i64.load offset=18432 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 53))) (i32.const 2040))
          i64.load offset=16384 i64.xor
          (local.set $crc)
          (local.set $x (i64.xor (local.get $other) (i64.load offset=1024 (local.get $at))))
          (local.set $y (i64.load offset=1032 (local.get $at)))
          (i32.and (i32.wrap_i64 (i64.shl (local.get $y) (i64.const 3))) (i32.const 2040))
          i64.load offset=14336
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 5))) (i32.const 2040))
          i64.load offset=12288 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 13))) (i32.const 2040))
          i64.load offset=10240 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 21))) (i32.const 2040))
          i64.load offset=8192 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 29))) (i32.const 2040))
          i64.load offset=6144 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 37))) (i32.const 2040))
          i64.load offset=4096 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 45))) (i32.const 2040))
          i64.load offset=2048 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 53))) (i32.const 2040))
          i64.load offset=0 i64.xor
          (i32.and (i32.wrap_i64 (i64.shl (local.get $x) (i64.const 3))) (i32.const 2040))
          i64.load offset=30720 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 5))) (i32.const 2040))
          i64.load offset=28672 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 13))) (i32.const 2040))
          i64.load offset=26624 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 21))) (i32.const 2040))
          i64.load offset=24576 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 29))) (i32.const 2040))
          i64.load offset=22528 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 37))) (i32.const 2040))
          i64.load offset=20480 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 45))) (i32.const 2040))
          i64.load offset=18432 i64.xor
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 53))) (i32.const 2040))
          i64.load offset=16384 i64.xor
          (local.set $other)
          (br_if $steps (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $half))))
        (i32.and (i32.wrap_i64 (i64.shl (local.get $crc) (i64.const 3))) (i32.const 2040))
        i64.load offset=32768
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 5))) (i32.const 2040))
        i64.load offset=34816 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 13))) (i32.const 2040))
        i64.load offset=36864 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 21))) (i32.const 2040))
        i64.load offset=38912 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 29))) (i32.const 2040))
        i64.load offset=40960 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 37))) (i32.const 2040))
        i64.load offset=43008 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 45))) (i32.const 2040))
        i64.load offset=45056 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 53))) (i32.const 2040))
        i64.load offset=47104 i64.xor
        (local.set $crc (i64.xor (local.get $other)))
        (local.set $at (i32.add (local.get $at) (i32.const 1024)))
        (br $pairs)))
    (block $noStep
      (loop $steps
        (br_if $noStep (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16)))
        (local.set $x (i64.xor (local.get $crc) (i64.load (local.get $at))))
        (local.set $y (i64.load offset=8 (local.get $at)))
        (i32.and (i32.wrap_i64 (i64.shl (local.get $y) (i64.const 3))) (i32.const 2040))
        i64.load offset=14336
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 5))) (i32.const 2040))
        i64.load offset=12288 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 13))) (i32.const 2040))
        i64.load offset=10240 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 21))) (i32.const 2040))
        i64.load offset=8192 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 29))) (i32.const 2040))
        i64.load offset=6144 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 37))) (i32.const 2040))
        i64.load offset=4096 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 45))) (i32.const 2040))
        i64.load offset=2048 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $y) (i64.const 53))) (i32.const 2040))
        i64.load offset=0 i64.xor
        (i32.and (i32.wrap_i64 (i64.shl (local.get $x) (i64.const 3))) (i32.const 2040))
        i64.load offset=30720 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 5))) (i32.const 2040))
        i64.load offset=28672 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 13))) (i32.const 2040))
        i64.load offset=26624 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 21))) (i32.const 2040))
        i64.load offset=24576 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 29))) (i32.const 2040))
        i64.load offset=22528 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 37))) (i32.const 2040))
        i64.load offset=20480 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 45))) (i32.const 2040))
        i64.load offset=18432 i64.xor
        (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 53))) (i32.const 2040))
        i64.load offset=16384 i64.xor
        (local.set $crc)
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $steps)))
    (block $noByte
      (loop $bytes
        (br_if $noByte (i32.eq (local.get $at) (local.get $end)))
        (local.set $crc (call $zero (i64.xor (local.get $crc) (i64.load8_u (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (local.get $crc)))
