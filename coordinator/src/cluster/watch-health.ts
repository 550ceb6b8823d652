import { setTimeout as wait } from 'node:timers/promises'
import { type Clock, Deadline, HypershardError, type Logger, messageOf, OutageLog } from '@hypershard/common'
import type { ClusterMember } from './cluster-member.ts'

export interface HealthWatchOptions {
  /** Drawn when this coordinator starts. */
  readonly coordinator: string
  readonly intervalMs: number
  /** How long a server may take to answer. */
  readonly checkMsMax: number
  readonly log: Logger
  readonly clock?: Clock
  /** After each check that found the server live. Must not reject. */
  readonly onLive: (member: ClusterMember) => void
}

/**
 * How many checks in a row must run out of time before a server counts as down: one late answer on a busy machine is
 * no death. A refused connection is believed at once.
 */
const lateChecksMax = 2

/** Checks every server now, so that the first search finds the truth, then each at its interval until stopped. */
export async function watchHealth(
  members: readonly ClusterMember[],
  options: HealthWatchOptions,
): Promise<{ stop(): Promise<void> }> {
  const stopped = new AbortController()
  const watches = members.map(member => new MemberWatch(member, options, stopped.signal))
  await Promise.all(watches.map(watch => watch.check()))
  const loops = watches.map(watch => watch.run())
  return {
    stop: async () => {
      stopped.abort()
      await Promise.all(loops)
    },
  }
}

class MemberWatch {
  readonly #member: ClusterMember
  readonly #options: HealthWatchOptions
  readonly #stopped: AbortSignal
  readonly #away: OutageLog
  #lateChecks = 0
  #life: string | undefined

  constructor(member: ClusterMember, options: HealthWatchOptions, stopped: AbortSignal) {
    this.#member = member
    this.#options = options
    this.#stopped = stopped
    this.#away = new OutageLog(`shard server ${member.address}`, options.log, options.clock)
  }

  async run(): Promise<void> {
    while (!this.#stopped.aborted) {
      await wait(this.#options.intervalMs, undefined, { signal: this.#stopped }).catch(() => undefined)
      if (!this.#stopped.aborted) await this.check()
    }
  }

  async check(): Promise<void> {
    const { checkMsMax, onLive } = this.#options
    try {
      const deadline = Deadline.after(checkMsMax, { signal: this.#stopped })
      const question = { coordinator: this.#options.coordinator, needed: false }
      const { serving, life } = await this.#member.server.checkHealth(question, deadline)
      if (this.#stopped.aborted) return
      // A process that was started again between two checks has nothing loaded, though both found it serving.
      if (life !== this.#life && this.#member.live) this.#foundDown('it was cut off between two checks')
      this.#life = life
      if (!serving) return this.#foundDown('it says that it is not serving')
      this.#lateChecks = 0
      this.#away.works()
      this.#member.markLive()
      onLive(this.#member)
    } catch (error) {
      if (this.#stopped.aborted) return
      this.#lateChecks = isLate(error) ? this.#lateChecks + 1 : lateChecksMax
      if (this.#lateChecks >= lateChecksMax || !this.#member.live) this.#foundDown(messageOf(error))
    }
  }

  #foundDown(reason: string): void {
    this.#away.failed(reason)
    this.#member.markDown(reason)
  }
}

function isLate(error: unknown): boolean {
  return error instanceof HypershardError && error.code === 'deadline_exceeded'
}
