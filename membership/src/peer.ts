import { type Clock, HypershardError, type Logger, messageOf, OutageLog } from '@hypershard/common'
import type { ServerEntry } from './ports.ts'

/** What a server says of itself when it is asked whether it lives. */
export interface PeerFacts<Model extends { readonly digest: string }> {
  readonly models: readonly Model[]
  readonly draining: boolean
  readonly protocolVersion: number
  /** Work of all callers that waits there, by kind; undefined of one that does not say. */
  readonly waiting?: Readonly<Record<'queries' | 'documents' | 'pairs', number>> | undefined
}

/** Checks in a row that must run out of time until a server counts as down: one late answer is no death. */
const lateAnswersMax = 2

/** Calls in a row that fail for a server's sake, though it answers checks, until it is passed over for a while. */
const failuresMax = 3
const passedOverMsMin = 1_000
const passedOverMsMax = 30_000

interface PeerParts<Client> {
  readonly client: Client
  /** As in messages: `encoder service`. */
  readonly what: string
  readonly log: Logger
  readonly clock: Clock
}

/** One server of a set: whether it lives, which models it has, and the work that it was given. */
export class Peer<Client, Model extends { readonly digest: string }> {
  readonly address: string
  readonly client: Client
  /** As the view says. */
  weight: number
  /** Undefined until it has answered once. */
  facts: PeerFacts<Model> | undefined
  /** Of all calls under way, in the unit of their costs. */
  outstanding = 0
  /** Calls under way. */
  calls = 0
  downReason: string | undefined = 'it was not asked yet'
  readonly #clock: Clock
  readonly #away: OutageLog
  #lateChecks = 0
  #failures = 0
  #passedOverUntilMs = Number.NEGATIVE_INFINITY
  #down = new AbortController()

  constructor({ address, weight }: ServerEntry, { client, what, log, clock }: PeerParts<Client>) {
    this.address = address
    this.weight = weight
    this.client = client
    this.#clock = clock
    this.#away = new OutageLog(`${what} ${address}`, log, clock)
  }

  get live(): boolean {
    return this.downReason === undefined
  }

  /** Whether new work should go to it: it lives, is not draining, and did not fail several calls in a row just now. */
  get usable(): boolean {
    return this.live && this.facts?.draining !== true && this.#clock.monotonicMs() >= this.#passedOverUntilMs
  }

  /** Work for its share of the whole. */
  get load(): number {
    return this.outstanding / this.weight
  }

  /** Fires when the server is found down. */
  get downSignal(): AbortSignal {
    return this.#down.signal
  }

  /** Undefined while it is not known. */
  holds(modelDigest: string): boolean | undefined {
    return this.facts?.models.some(({ digest }) => digest === modelDigest)
  }

  noteCheck(facts: PeerFacts<Model>): void {
    this.facts = facts
    this.#lateChecks = 0
    this.#markLive()
  }

  noteFailedCheck(error: unknown): void {
    this.#lateChecks = isCode(error, 'deadline_exceeded') ? this.#lateChecks + 1 : lateAnswersMax
    if (this.#lateChecks >= lateAnswersMax || !this.live) this.#markDown(error)
  }

  noteAnswer(): void {
    this.#failures = 0
    this.#passedOverUntilMs = Number.NEGATIVE_INFINITY
    this.#markLive()
  }

  /** A call could not reach it, or it said that it is not there. */
  noteUnavailable(error: unknown): void {
    this.#failures++
    const rounds = this.#failures - failuresMax
    if (rounds >= 0) {
      const pauseMs = Math.min(passedOverMsMax, passedOverMsMin * 2 ** rounds)
      this.#passedOverUntilMs = this.#clock.monotonicMs() + pauseMs
    }
    this.#markDown(error)
  }

  #markLive(): void {
    this.#away.works()
    if (this.live) return
    this.downReason = undefined
    this.#down = new AbortController()
  }

  #markDown(error: unknown): void {
    this.#away.failed(error)
    this.downReason = messageOf(error)
    this.#down.abort()
  }
}

export function isCode(error: unknown, code: HypershardError['code']): boolean {
  return error instanceof HypershardError && error.code === code
}
