import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Random } from './random.ts'

/** Does work in which all chance of this process is drawn by a seed: random UUIDs and `Math.random`. */
export async function withSeededChance<T>(random: Random, work: () => Promise<T>): Promise<T> {
  const { randomUUID } = crypto
  const { random: mathRandom } = Math
  crypto.randomUUID = () => uuidOf(random)
  Math.random = () => random.next()
  // Named imports of node:crypto follow.
  syncBuiltinESMExports()
  try {
    return await work()
  } finally {
    crypto.randomUUID = randomUUID
    Math.random = mathRandom
    syncBuiltinESMExports()
  }
}

function uuidOf(random: Random): ReturnType<typeof crypto.randomUUID> {
  const hex = Array.from({ length: 30 }, () => random.below(16).toString(16)).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18)}`
}
