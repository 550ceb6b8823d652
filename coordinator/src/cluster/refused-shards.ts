import type { ClusterMember } from './cluster-member.ts'
import { isOfIndex } from './placement-of.ts'

/** A server without memory for a shard is asked again after this time, whatever it says of its memory. */
export const refusedMsMax = 600_000
/** By which part of what a shard needs more must be free than since the refusal: the need is known roughly. */
const growthShare = 0.1

/** A shard that a server has no memory for. */
export interface Refusal {
  readonly uid: string
  readonly shard: number
  readonly member: ClusterMember
  readonly neededBytes: number
}

interface Noted extends Refusal {
  readonly life: number
  readonly sinceMs: number
  /** The least that the server had free since. */
  freeBytes: number
}

/**
 * Which servers have no memory for which shards, by their own word. It is forgotten when the server has more memory free,
 * in its next life, and after a while. At most one for each server and shard of an index in use.
 */
export class RefusedShards {
  /** By uid of the generation, then by shard and address. */
  readonly #noted = new Map<string, Map<string, Noted>>()

  note(refusal: Refusal, nowMs: number): void {
    const { uid, shard, member } = refusal
    const ofGeneration = this.#noted.get(uid) ?? new Map<string, Noted>()
    const freeBytes = member.facts?.memoryFreeBytes ?? Number.POSITIVE_INFINITY
    ofGeneration.set(keyOf(shard, member.address), { ...refusal, life: member.life, sinceMs: nowMs, freeBytes })
    this.#noted.set(uid, ofGeneration)
  }

  has(uid: string, shard: number, address: string): boolean {
    return this.#noted.get(uid)?.has(keyOf(shard, address)) === true
  }

  /** Forgets what need not hold any more. @returns the uids of generations that are to be placed anew */
  review(nowMs: number): string[] {
    const changed: string[] = []
    for (const [uid, ofGeneration] of this.#noted) {
      const before = ofGeneration.size
      for (const [key, noted] of ofGeneration) if (isOver(noted, nowMs)) ofGeneration.delete(key)
      if (ofGeneration.size < before) changed.push(uid)
      if (ofGeneration.size === 0) this.#noted.delete(uid)
    }
    return changed
  }

  forgetIndex(indexUid: string): void {
    for (const uid of this.#noted.keys()) if (isOfIndex(uid, indexUid)) this.#noted.delete(uid)
  }
}

function isOver(noted: Noted, nowMs: number): boolean {
  const { member, neededBytes, life, sinceMs } = noted
  if (member.life !== life || nowMs - sinceMs >= refusedMsMax) return true
  const freeBytes = member.facts?.memoryFreeBytes
  if (freeBytes === undefined) return false
  noted.freeBytes = Math.min(noted.freeBytes, freeBytes)
  return freeBytes >= Math.max(neededBytes, noted.freeBytes + growthShare * neededBytes)
}

function keyOf(shard: number, address: string): string {
  return `${shard} ${address}`
}
