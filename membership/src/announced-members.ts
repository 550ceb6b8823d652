import type { Clock } from '@hypershard/common'
import { announcementMs, entryOf, type Member, type MemberMessage, membersMax } from './member-record.ts'
import type { ServerEntry } from './ports.ts'

/** A server that is down leaves once its announcement has been missing for so long. */
const missedMsMax = 3 * announcementMs

interface Known {
  readonly entry: ServerEntry
  /** Since when a Redis that could be read lacked it. */
  missedSinceMs: number | undefined
}

/**
 * The servers that announced themselves, as one follower knows them. What a Redis loses, it still knows: a server leaves
 * when it says so, or when it has been missing for a good while and is down too.
 */
export class AnnouncedMembers {
  readonly #clock: Clock
  readonly #isDown: (address: string) => boolean
  /** As many as there are servers, and those that are missed for a while; at most `membersMax`. */
  readonly #known = new Map<string, Known>()
  /** Told of by messages since the scan began that is under way: they know better than it. */
  readonly #toldMeanwhile = new Set<string>()

  constructor(clock: Clock, isDown: (address: string) => boolean) {
    this.#clock = clock
    this.#isDown = isDown
  }

  get entries(): ServerEntry[] {
    return [...this.#known.values()].map(({ entry }) => entry)
  }

  hear(message: MemberMessage): void {
    const address = message.is === 'here' ? message.member.address : message.address
    if (this.#toldMeanwhile.size < membersMax) this.#toldMeanwhile.add(address)
    if (message.is === 'here') this.#add(message.member)
    else this.#known.delete(address)
  }

  /** Before a scan reads the first key. */
  beginScan(): void {
    this.#toldMeanwhile.clear()
  }

  /** @param members all that the scan found */
  endScan(members: readonly Member[]): void {
    const found = new Set(members.map(({ address }) => address))
    for (const member of members) if (!this.#toldMeanwhile.has(member.address)) this.#add(member)
    const nowMs = this.#clock.monotonicMs()
    for (const [address, known] of this.#known) {
      if (found.has(address) || this.#toldMeanwhile.has(address)) continue
      known.missedSinceMs ??= nowMs
      if (nowMs - known.missedSinceMs >= missedMsMax && this.#isDown(address)) this.#known.delete(address)
    }
  }

  /** The Redis is away, or was: what it lacks now says nothing until the servers had time to announce themselves again. */
  forgetMissed(): void {
    for (const known of this.#known.values()) known.missedSinceMs = undefined
  }

  #add(member: Member): void {
    if (this.#known.size >= membersMax && !this.#known.has(member.address)) return
    this.#known.set(member.address, { entry: entryOf(member), missedSinceMs: undefined })
  }
}
