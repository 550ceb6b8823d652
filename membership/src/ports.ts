/** A shard server or an encoder service as whoever names it describes it. */
export interface ServerEntry {
  /** `host:port`: its name in routing, coverage and messages. */
  readonly address: string
  /** How much of the work it should take, relative to the others; more than 0. */
  readonly weight: number
  /** Where it stands: copies of a shard go to different zones where there are some. Empty where nobody says. */
  readonly zone: string
}

/** Which servers there are, at one time. Two views of one source with the same number are the same. */
export interface MembershipView {
  /** From 1, growing with every change. */
  readonly number: number
  /** Each address once, ascending. */
  readonly servers: readonly ServerEntry[]
}

/**
 * Where a process learns which servers there are. Whether one of them lives is found out by asking it: a source that
 * cannot be read keeps its last view, and nothing that is served changes. One that could not be read so far has a view
 * without servers.
 */
export interface MembershipSource {
  currentView(): MembershipView
  /** Has each later view told, in order; the listener must not throw. @returns what ends it */
  follow(listener: (view: MembershipView) => void): () => void
  /** A server of the view could not be reached: the source may look again before its time. Returns at once. */
  lookSoon(): void
  /**
   * Says who knows which servers are down, by asking them. A server that announced itself and is missed later leaves the
   * view only when it is down as well; while nobody says, it stays.
   */
  askBeforeLeaving(isDown: (address: string) => boolean): void
  close(): void
}

/** Announces this process, so that followers of the same Redis know of it. */
export interface MemberAnnouncer {
  /** Says at once what is new of it. Resolves when that was said, or could not be; never rejects. */
  changed(): Promise<void>
  /** Says that the process ends; nothing is announced after it. Never rejects, and takes seconds at most. */
  stop(): Promise<void>
}
