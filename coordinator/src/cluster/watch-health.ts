import {
  type Clock,
  Deadline,
  HypershardError,
  type Logger,
  messageOf,
  OutageLog,
  pauseBy,
  systemClock,
} from '@hypershard/common'
import type { Cluster } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'

/** The servers to watch, which come and go. */
export type WatchedCluster = Pick<Cluster, 'members' | 'followMembers' | 'refresh' | 'lookSoon'>

export interface HealthWatchOptions {
  /** Drawn when this coordinator starts. */
  readonly coordinator: string
  readonly intervalMs: number
  /** How long a server may take to answer. */
  readonly checkMsMax: number
  readonly log: Logger
  readonly clock?: Clock
  /** Whether this coordinator would lack a shard without the server, which another could hold. */
  readonly isNeeded: (member: ClusterMember) => boolean
  /** After each check that found the server live. Must not reject. */
  readonly onLive: (member: ClusterMember) => void
}

/**
 * How many checks in a row must run out of time before a server counts as down: one late answer on a busy machine is
 * no death. A refused connection is believed at once.
 */
const lateChecksMax = 2

/**
 * Checks every server now, so that the first search finds the truth, then each at its interval until stopped; one that
 * joins later at once. Servers are used once all that there are at the start have been asked: what they say of
 * themselves decides who holds what.
 */
export async function watchHealth(
  cluster: WatchedCluster,
  options: HealthWatchOptions,
): Promise<{ stop(): Promise<void> }> {
  const watches = new Map<ClusterMember, MemberWatch>()
  const runs = new Set<Promise<void>>()
  const begin = (watch: MemberWatch) => {
    const run = watch.run()
    runs.add(run)
    void run.then(() => runs.delete(run))
  }
  const add = (member: ClusterMember) => {
    const watch = new MemberWatch(member, cluster, options)
    watches.set(member, watch)
    return watch
  }
  const first = cluster.members.map(add)
  const unfollow = cluster.followMembers({
    joined: member => begin(add(member)),
    left: member => {
      watches.get(member)?.end()
      watches.delete(member)
    },
  })
  await Promise.all(first.map(watch => watch.ask()))
  cluster.refresh()
  for (const watch of first) {
    if (watch.member.live) options.onLive(watch.member)
    begin(watch)
  }
  return {
    stop: async () => {
      unfollow()
      for (const watch of watches.values()) watch.end()
      await Promise.all(runs)
    },
  }
}

class MemberWatch {
  readonly member: ClusterMember
  readonly #cluster: WatchedCluster
  readonly #options: HealthWatchOptions
  readonly #clock: Clock
  readonly #ended = new AbortController()
  readonly #away: OutageLog
  #asked = false
  #lateChecks = 0
  #life: string | undefined

  constructor(member: ClusterMember, cluster: WatchedCluster, options: HealthWatchOptions) {
    this.member = member
    this.#cluster = cluster
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#away = new OutageLog(`shard server ${member.address}`, options.log, options.clock)
  }

  end(): void {
    this.#ended.abort()
  }

  /** Begins with a check, unless it was asked before. */
  async run(): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      if (this.#asked) await pauseBy(this.#clock, this.#options.intervalMs, signal).catch(() => undefined)
      if (signal.aborted) return
      const serves = await this.ask()
      if (signal.aborted) return
      this.#cluster.refresh()
      if (serves && !signal.aborted) this.#options.onLive(this.member)
    }
  }

  /** Notes what the server says of itself, or that it says nothing. @returns whether it says that it serves */
  async ask(): Promise<boolean> {
    const { signal } = this.#ended
    this.#asked = true
    try {
      const deadline = Deadline.after(this.#options.checkMsMax, { signal })
      const { coordinator, isNeeded } = this.#options
      const question = { coordinator, needed: isNeeded(this.member) }
      const { serving, life, facts } = await this.member.server.checkHealth(question, deadline)
      if (signal.aborted) return false
      // A process that was started again between two checks has nothing loaded, though both found it serving.
      if (life !== this.#life && this.member.live) this.#foundDown('it was cut off between two checks')
      this.#life = life
      if (!serving) this.#foundDown('it says that it is not serving')
      if (!serving) return false
      this.#lateChecks = 0
      this.#away.works()
      this.member.markLive(facts)
      return true
    } catch (error) {
      if (signal.aborted) return false
      this.#lateChecks = isLate(error) ? this.#lateChecks + 1 : lateChecksMax
      if (this.#lateChecks >= lateChecksMax || !this.member.live) this.#foundDown(messageOf(error))
      return false
    }
  }

  #foundDown(reason: string): void {
    this.#away.failed(reason)
    if (this.member.live) this.#cluster.lookSoon()
    this.member.markDown(reason)
  }
}

function isLate(error: unknown): boolean {
  return error instanceof HypershardError && error.code === 'deadline_exceeded'
}
