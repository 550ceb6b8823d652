import {
  type Clock,
  Deadline,
  HypershardError,
  type Logger,
  pauseBy,
  pauseWithin,
  systemClock,
} from '@hypershard/common'
import { choosePeer } from './choose-peer.ts'
import { isCode, Peer, type PeerFacts } from './peer.ts'
import type { MembershipSource, MembershipView } from './ports.ts'

export interface PeerSetOptions<Client, Model extends { readonly digest: string }> {
  readonly membership: MembershipSource
  /** As in messages: `encoder service`. */
  readonly what: string
  readonly connect: (address: string) => Client
  readonly close: (client: Client) => void
  /** The check whether a server lives. */
  readonly ask: (client: Client, deadline: Deadline) => Promise<PeerFacts<Model>>
  readonly intervalMs: number
  readonly log: Logger
  readonly clock?: Clock
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** A call that any server with the model may answer: it is made again elsewhere when one cannot. */
export interface PeerWork {
  readonly modelDigest: string
  /** How much work it is, beside others; the server with the least gets it. */
  readonly cost: number
}

/** For one check: a server that computes on all cores answers within milliseconds, the rest is for a busy machine. */
const checkMsMax = 1_000

/** Servers that one call is tried at. */
const attemptsMax = 4

/** From one try to the next, with jitter: not all calls of a server that died go to the next at the same moment. */
const pauseMsMax = 20

/**
 * Several servers that do the same, behind one: each call goes to the one with the least work that has the model, and to
 * another one when that cannot do it. Which servers there are the membership says; whether one lives, which models it has
 * and whether it is draining is asked of each at an interval.
 */
export class PeerSet<Client, Model extends { readonly digest: string }> {
  readonly #options: PeerSetOptions<Client, Model>
  readonly #clock: Clock
  readonly #random: () => number
  /** By address, in the order of the view. */
  #peers: ReadonlyMap<string, Peer<Client, Model>> = new Map()
  readonly #stopped = new AbortController()
  readonly #endFollowing: () => void

  constructor(options: PeerSetOptions<Client, Model>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    const { membership } = options
    membership.askBeforeLeaving(address => this.#peers.get(address)?.live === false)
    this.#endFollowing = membership.follow(view => this.#take(view))
    this.#take(membership.currentView())
  }

  /** Those of the view, ascending by address. */
  get peers(): readonly Peer<Client, Model>[] {
    return [...this.#peers.values()]
  }

  /**
   * @param call must be safe to make twice
   * @throws HypershardError of the last server tried, `unavailable` when no server is known
   */
  async run<Result>(
    { modelDigest, cost }: PeerWork,
    call: (client: Client, deadline: Deadline) => Promise<Result>,
    deadline: Deadline,
  ): Promise<Result> {
    const tried = new Set<Peer<Client, Model>>()
    let last: unknown
    while (tried.size < attemptsMax) {
      const peer = choosePeer(this.peers, { modelDigest, tried, random: this.#random })
      if (peer === undefined) break
      if (tried.size > 0) await pauseWithin(this.#random() * pauseMsMax, deadline, 'trying another server')
      tried.add(peer)
      try {
        return await this.#attempt(peer, cost, attemptDeadline => call(peer.client, attemptDeadline), deadline)
      } catch (error) {
        last = error
        if (!this.#mayGoElsewhere(peer, error, modelDigest) || deadline.cancelled || deadline.passed) throw error
      }
    }
    throw last ?? this.#noneKnown()
  }

  /**
   * The models of all servers that answer, each once: in the order of the servers, those that do not answer now counted by
   * what they said last, so that the first stays the first when its server goes and another has it.
   * @throws HypershardError when none answers
   */
  async listModels(deadline: Deadline): Promise<readonly Model[]> {
    const { peers } = this
    if (peers.length === 0) throw this.#noneKnown()
    const checkDeadline = peers.length === 1 ? deadline : deadline.within(checkMsMax)
    const failures = await Promise.all(peers.map(peer => this.#check(peer, checkDeadline)))
    const answering = peers.filter((_, at) => failures[at] === undefined)
    if (answering.length === 0) throw failures[0]
    const models = new Map<string, Model>()
    for (const { facts } of peers) {
      for (const model of facts?.models ?? []) {
        if (!models.has(model.digest) && answering.some(peer => peer.holds(model.digest)))
          models.set(model.digest, model)
      }
    }
    return [...models.values()]
  }

  /** Servers that would be given work for the model now; 1 at least. */
  countOf(modelDigest: string): number {
    const serving = this.peers.filter(peer => peer.usable && peer.holds(modelDigest))
    return Math.max(1, serving.length)
  }

  close(): void {
    this.#stopped.abort()
    this.#endFollowing()
    this.#options.membership.close()
    for (const { client } of this.peers) this.#options.close(client)
  }

  #take({ servers }: MembershipView): void {
    const before = this.#peers
    const peers = new Map<string, Peer<Client, Model>>()
    const added: Peer<Client, Model>[] = []
    for (const entry of servers) {
      const known = before.get(entry.address)
      const peer = known ?? this.#connect(entry)
      peer.weight = entry.weight
      peers.set(entry.address, peer)
      if (known === undefined) added.push(peer)
    }
    this.#peers = peers
    for (const peer of added) void this.#watch(peer)
    for (const peer of before.values()) if (!this.#isOfView(peer)) this.#closeUnused(peer)
  }

  #connect(entry: MembershipView['servers'][number]): Peer<Client, Model> {
    const { what, connect, log } = this.#options
    return new Peer<Client, Model>(entry, { client: connect(entry.address), what, log, clock: this.#clock })
  }

  #isOfView(peer: Peer<Client, Model>): boolean {
    return this.#peers.get(peer.address) === peer
  }

  /** Its calls under way may end. */
  #closeUnused(peer: Peer<Client, Model>): void {
    if (peer.calls === 0) this.#options.close(peer.client)
  }

  async #watch(peer: Peer<Client, Model>): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted && this.#isOfView(peer)) {
      const error = await this.#check(peer, Deadline.after(checkMsMax, { signal, clock: this.#clock }))
      if (isCode(error, 'deadline_exceeded')) this.#noteFailed(peer, error)
      await pauseBy(this.#clock, this.#options.intervalMs, signal).catch(() => undefined)
    }
  }

  /** @returns why it failed. That it was late says something only when it had all the time that a check has */
  async #check(peer: Peer<Client, Model>, deadline: Deadline): Promise<unknown> {
    try {
      peer.noteCheck(await this.#options.ask(peer.client, deadline))
      return undefined
    } catch (error) {
      if (!isCode(error, 'deadline_exceeded') && !deadline.cancelled) this.#noteFailed(peer, error)
      return error
    }
  }

  #noteFailed(peer: Peer<Client, Model>, error: unknown): void {
    if (this.#stopped.signal.aborted || !this.#isOfView(peer)) return
    peer.noteFailedCheck(error)
    if (!peer.live) this.#options.membership.lookSoon()
  }

  async #attempt<Result>(
    peer: Peer<Client, Model>,
    cost: number,
    call: (deadline: Deadline) => Promise<Result>,
    deadline: Deadline,
  ): Promise<Result> {
    peer.outstanding += cost
    peer.calls++
    // A server that froze answers nothing and refuses nothing: what it was given goes elsewhere once it is found down.
    const { downSignal } = peer
    const signalled = downSignal.aborted || this.#peers.size === 1 ? deadline : deadline.withSignal(downSignal)
    try {
      const result = await call(signalled)
      peer.noteAnswer()
      return result
    } catch (error) {
      const foundDown = isCode(error, 'cancelled') && !deadline.cancelled
      const failure = foundDown
        ? new HypershardError(
            'unavailable',
            `${this.#options.what} ${peer.address}: ${peer.downReason ?? 'it was down'}`,
          )
        : error
      if (isCode(failure, 'unavailable')) {
        peer.noteUnavailable(failure)
        this.#options.membership.lookSoon()
      } else if (!isCode(failure, 'deadline_exceeded') && !isCode(failure, 'cancelled')) peer.noteAnswer()
      throw failure
    } finally {
      peer.outstanding -= cost
      peer.calls--
      if (!this.#isOfView(peer)) this.#closeUnused(peer)
    }
  }

  #mayGoElsewhere(peer: Peer<Client, Model>, error: unknown, modelDigest: string): boolean {
    if (isCode(error, 'unavailable') || isCode(error, 'overloaded')) return true
    // By this one alone, of a version before what was asked of it.
    if (isCode(error, 'model_not_served')) return true
    // It was started again with other models since it was asked.
    return isCode(error, 'model_not_found') && peer.holds(modelDigest) !== false
  }

  #noneKnown(): HypershardError {
    this.#options.membership.lookSoon()
    return new HypershardError(
      'unavailable',
      `no ${this.#options.what} is known; see that one is started and announced`,
    )
  }
}
