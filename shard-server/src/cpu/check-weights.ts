/**
 * Whether weights are finite, and what their digest says. Looking at every value of 600 KB and hashing them takes some
 * three quarters of a millisecond, as long as the rest of a short search: one thread does it while the others begin to
 * search, and nobody answers before it is done.
 */
import assert from 'node:assert/strict'
import { HypershardError, toHypershardError } from '@hypershard/common'
import { decodeWeights, qnetDigest } from '@hypershard/qnet'
import type { ScanRequest, SharedQNet } from '../ports.ts'

/** States of a `WeightsCheck`. */
const unknown = 0
const underWay = 1
const good = 2
const bad = 3

/** Tells threads that these need no look: whoever made them has looked. */
export function markGood({ check }: SharedQNet['weights']): void {
  Atomics.store(check, 0, good)
}

/** Checks the weights unless a thread has or does. */
export function checkWeightsOnce(qnet: SharedQNet): void {
  const { check } = qnet.weights
  if (Atomics.compareExchange(check, 0, unknown, underWay) !== unknown) return
  Atomics.store(check, 0, faultOf(qnet) === undefined ? good : bad)
  Atomics.notify(check, 0)
}

/** All q-nets of a query. */
export function qnetsOf({ qnet, composed }: Pick<ScanRequest, 'qnet' | 'composed'>): readonly SharedQNet[] {
  return composed === undefined ? [qnet] : composed.leaves
}

/** Whether a thread has found them bad, so that nothing more need be done for the query. */
export function areKnownBad({ weights: { check } }: SharedQNet): boolean {
  return Atomics.load(check, 0) === bad
}

/**
 * Checks the weights, or waits for the thread that does.
 * @throws HypershardError `invalid_request` when they are others, of another length, or not finite
 */
export function expectGoodWeights(qnet: SharedQNet): void {
  checkWeightsOnce(qnet)
  const { check } = qnet.weights
  // Nothing but the check lies between `underWay` and its end, so that this is short.
  while (Atomics.load(check, 0) === underWay) Atomics.wait(check, 0, underWay)
  if (Atomics.load(check, 0) === good) return
  const fault = faultOf(qnet)
  assert(fault !== undefined, 'bad weights have become good')
  throw fault
}

function faultOf({ digest, architecture, precision, weights }: SharedQNet) {
  if (qnetDigest(architecture, precision, weights.bytes) !== digest) {
    return new HypershardError('invalid_request', 'q-net: the weights do not hash to the digest; send them again')
  }
  try {
    decodeWeights(architecture, weights.bytes, precision)
  } catch (error) {
    return toHypershardError(error)
  }
}
