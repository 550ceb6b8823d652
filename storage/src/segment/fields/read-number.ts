/** A JSON number as a filter's value: integers exactly, all others as doubles. docs/decisions/011-exact-integers.md. */
import { type ExactNumber, isExactNumber } from '@hypershard/common'

/** Integers of 64 bits with a sign. */
export const integerMin = -(2n ** 63n)
export const integerMax = 2n ** 63n - 1n

/** Beyond this no double is an integer of 64 bits. */
const integerDoubleMax = 2 ** 63

/** A number as it is kept: a bigint only where no double is this integer. */
export type ReadNumber = { readonly value: number | bigint } | { readonly fault: string }

/** An exact integer as a double and what that lacks of it, both of which sort as the integer does. */
export interface SplitNumber {
  readonly double: number
  /** -512 to 512; 0 for what a double holds. */
  readonly rest: number
}

export function splitNumber(value: number | bigint): SplitNumber {
  if (typeof value === 'number') return { double: value, rest: 0 }
  const double = Number(value)
  return { double, rest: Number(value - BigInt(double)) }
}

export function joinNumber({ double, rest }: SplitNumber): number | bigint {
  return rest === 0 ? double : BigInt(double) + BigInt(rest)
}

/**
 * @param value of JSON, parsed by `parseExactJson`
 * @example readNumber(parseExactJson('9007199254740993')) // { value: 9007199254740993n }
 */
export function readNumber(value: unknown): ReadNumber {
  if (isExactNumber(value)) return readNumeral(value)
  if (typeof value !== 'number') return { fault: 'must be a number' }
  return Number.isFinite(value) ? { value } : { fault: `must be a number, ${value} is none` }
}

function readNumeral({ rawJSON: numeral }: ExactNumber): ReadNumber {
  const double = Number(numeral)
  const shown = numeral.length <= 40 ? numeral : `${numeral.slice(0, 40)}…`
  if (!Number.isFinite(double)) {
    return { fault: `${shown} is beyond what a number can be (±1.8e308); make the field a keyword to keep it` }
  }
  if (double === 0 && isNotZero(numeral)) {
    return { fault: `${shown} is nearer to 0 than a number can be (5e-324); make the field a keyword to keep it` }
  }
  const integer = Math.abs(double) > integerDoubleMax ? undefined : integerOf(numeral)
  if (integer !== undefined && integer >= integerMin && integer <= integerMax) {
    return { value: BigInt(double) === integer ? double : integer }
  }
  // A numeral without a point or an exponent is meant as an integer.
  if (/^-?\d+$/.test(numeral)) {
    return {
      fault:
        `${shown} is beyond the integers that are kept exactly (${integerMin} to ${integerMax}); ` +
        `make the field a keyword, or write it as ${double.toExponential()} to have it rounded`,
    }
  }
  return { value: double }
}

/** The integer that a numeral stands for; undefined for one with a fraction. Its size must be bounded. */
function integerOf(numeral: string): bigint | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(numeral) ?? []
  const digits = whole + fraction
  let end = digits.length
  while (end > 1 && digits[end - 1] === '0') end--
  const significant = digits.slice(0, end)
  if (!isNotZero(significant)) return 0n
  const power = Number(exponent) - fraction.length + (digits.length - end)
  if (power < 0) return undefined
  return BigInt(sign + BigInt(significant)) * 10n ** BigInt(power)
}

function isNotZero(numeral: string): boolean {
  return /[1-9]/.test(numeral.replace(/[eE].*$/, ''))
}
