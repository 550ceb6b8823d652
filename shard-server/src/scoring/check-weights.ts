/**
 * Whether weights are what their digest says. Hashing 600 KB takes a third of a millisecond, 14 MB eight: one thread does it
 * while the others begin to search, and nobody answers before it is done.
 */
import { HypershardError } from '@hypershard/common'
import { qnetDigest } from '@hypershard/qnet'
import type { ScanTask } from './messages.ts'

/** One number in shared memory, of `unknown` at first. */
export type WeightsCheck = Int32Array<SharedArrayBuffer>

const unknown = 0
const underWay = 1
const good = 2
const bad = 3

/** Checks the weights unless a thread has or does. */
export function checkWeightsOnce({ digest, architecture, precision, weights, madeHere }: ScanTask['qnet']): void {
  const { bytes, check } = weights
  if (Atomics.compareExchange(check, 0, unknown, underWay) !== unknown) return
  const isGood = madeHere === true || qnetDigest(architecture, precision, bytes) === digest
  Atomics.store(check, 0, isGood ? good : bad)
  Atomics.notify(check, 0)
}

/**
 * Waits for the thread that checks the weights.
 * @throws HypershardError `invalid_request` when they are others
 */
export function expectGoodWeights({ weights: { check } }: ScanTask['qnet']): void {
  // Nothing but hashing lies between `underWay` and its end, so that this is short.
  while (Atomics.load(check, 0) === underWay) Atomics.wait(check, 0, underWay)
  if (Atomics.load(check, 0) !== good) {
    throw new HypershardError('invalid_request', 'q-net: the weights do not hash to the digest; send them again')
  }
}
