// What zero bytes do to a 32-bit CRC: a product of polynomials, so it costs a few hundred steps
// whatever their number. Source: Mark Adler's crc32_combine (zlib 1.2.12), the same arithmetic.

/** CRC-32's polynomial, reflected. */
export const CRC32_POLYNOMIAL = 0xedb88320
/** CRC-32C's polynomial, reflected. */
export const CRC32C_POLYNOMIAL = 0x82f63b78

/** x^0; the highest bit stands for the lowest power. */
const ONE = 0x80000000
const X = 0x40000000

interface Shift {
  readonly polynomial: number
  readonly sizeBytes: number
  readonly factor: number
}

/** The last two factors used: bodies come in blocks or parts of one size, then a shorter one. */
let lastShift: Shift = { polynomial: 0, sizeBytes: -1, factor: 0 }
let otherShift: Shift = lastShift

/** What `crc` becomes by `sizeBytes` (0 to 2^53 - 1) zero bytes, as a signed number. */
export function crc32Shift(polynomial: number, crc: number, sizeBytes: number): number {
  return multiply(polynomial, crc, factorOf(polynomial, sizeBytes))
}

/** x^(8 * sizeBytes). */
function factorOf(polynomial: number, sizeBytes: number): number {
  const isLast = lastShift.polynomial === polynomial && lastShift.sizeBytes === sizeBytes
  if (isLast) return lastShift.factor
  const swapped = otherShift
  otherShift = lastShift
  const isOther = swapped.polynomial === polynomial && swapped.sizeBytes === sizeBytes
  lastShift = isOther ? swapped : { polynomial, sizeBytes, factor: power(polynomial, sizeBytes) }
  return lastShift.factor
}

function power(polynomial: number, sizeBytes: number): number {
  let square = X
  for (let bit = 0; bit < 3; bit += 1) square = multiply(polynomial, square, square)
  let product = ONE
  for (let rest = sizeBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product = multiply(polynomial, product, square)
    square = multiply(polynomial, square, square)
  }
  return product
}

/** a * b modulo the polynomial. */
function multiply(polynomial: number, a: number, b: number): number {
  let product = 0
  let left = a
  let right = b
  while (left !== 0) {
    if (left < 0 || left >= ONE) product ^= right
    left <<= 1
    right = (right & 1) === 0 ? right >>> 1 : (right >>> 1) ^ polynomial
  }
  return product
}
