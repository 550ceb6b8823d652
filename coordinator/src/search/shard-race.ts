import assert from 'node:assert/strict'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import type { ShardAnswer, ShardFailure } from './shard-answer.ts'

/**
 * One shard of a fan-out: who was asked for it, and how it ended. It settles once, with an answer or a failure: what
 * comes later changes nothing.
 */
export class ShardRace {
  readonly shard: number
  readonly documents: number
  /** In the order to ask them. */
  readonly holders: readonly ClusterMember[]
  /** Whom it was asked of, in that order; one that was asked again stands here twice. */
  readonly asked: ClusterMember[] = []
  hedged = false
  #underWay = 0
  #lastFailure: ShardFailure | undefined
  #outcome: ShardAnswer | ShardFailure | undefined

  constructor(shard: number, documents: number, holders: readonly ClusterMember[]) {
    this.shard = shard
    this.documents = documents
    this.holders = holders
  }

  get settled(): boolean {
    return this.#outcome !== undefined
  }

  get answer(): ShardAnswer | undefined {
    return this.#outcome !== undefined && 'hits' in this.#outcome ? this.#outcome : undefined
  }

  /** Why it gave nothing; undefined unless it has settled so. */
  get failure(): ShardFailure | undefined {
    return this.#outcome === undefined || 'hits' in this.#outcome ? undefined : this.#outcome
  }

  /** Calls for it that have not ended, and those that are about to be made. */
  get underWay(): number {
    return this.#underWay
  }

  /** The holder to ask next: one that lives, and was not asked before. */
  nextHolder(suits: (member: ClusterMember) => boolean = () => true): ClusterMember | undefined {
    return this.holders.find(member => member.live && !this.asked.includes(member) && suits(member))
  }

  /** A call will be made for it: until that has ended the shard may still be answered. */
  begin(member: ClusterMember): void {
    assert(!this.settled, 'no call is made for a shard that has settled')
    this.asked.push(member)
    this.#underWay++
  }

  /** A call has ended, in whatever way. */
  end(): void {
    this.#underWay--
  }

  /** @returns whether this answer is the one that stands */
  win(answer: ShardAnswer): boolean {
    return this.#settle(answer)
  }

  /** Not the end while other calls are under way, or will be made. */
  noteFailure(server: string, { code, message }: Pick<ShardFailure, 'code' | 'message'>): void {
    this.#lastFailure = { shard: this.shard, server, code, message }
  }

  /** @returns whether it settles by that: with the newest failure, or the one that is given */
  lose(failure: Pick<ShardFailure, 'server' | 'code' | 'message'> | undefined): boolean {
    const last = failure === undefined ? this.#lastFailure : { shard: this.shard, ...failure }
    assert(last !== undefined, 'a shard is lost for a reason')
    return this.#settle(last)
  }

  #settle(outcome: ShardAnswer | ShardFailure): boolean {
    if (this.#outcome !== undefined) return false
    this.#outcome = outcome
    return true
  }
}
