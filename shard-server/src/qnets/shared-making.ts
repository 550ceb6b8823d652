import { type Clock, HypershardError, messageOf, systemClock } from '@hypershard/common'
import type { QNetExchange } from './qnet-exchange.ts'

/** What a turn came to; `elsewhere`: another server makes it, so that it is looked for again at a later turn. */
export type TurnOutcome = 'made' | 'read' | 'elsewhere'

/** A q-net whose turn it is. */
export interface QNetTurn {
  /** Of its token states. */
  readonly digest: string
  /** Where the weights belong. */
  readonly weights: Uint8Array
  /** Since its first turn. */
  readonly waitedMs: number
  /** Writes the weights there. */
  make(): Promise<void>
}

/** Another server is waited for so long at most, and then for so many times what the last q-net took here. */
const waitMsMin = 50
const waitShare = 4
const tidyAfterMs = 1_000

/**
 * Makes q-nets, or has them from other servers of the machine. An answer never depends on the others: who is waited for in
 * vain, and a folder that fails, cost time.
 */
export class SharedMaking {
  readonly #clock: Clock
  #exchange: QNetExchange | undefined
  #lost: string | undefined
  #lastMadeMs = 0
  #tidying: NodeJS.Timeout | undefined

  /** @param exchange undefined where nothing is shared */
  constructor(exchange: QNetExchange | undefined, clock: Clock = systemClock) {
    this.#exchange = exchange
    this.#clock = clock
  }

  /** @throws what making it throws */
  async takeTurn(turn: QNetTurn): Promise<TurnOutcome> {
    const key = this.#share(exchange => exchange.keyOf(turn.digest))
    if (key === undefined) return this.#make(turn)
    if (this.#share(exchange => exchange.read(key, turn.weights)) === true) return 'read'
    const claimed = this.#share(exchange => exchange.claim(key))
    if (claimed === false && turn.waitedMs <= Math.max(waitMsMin, waitShare * this.#lastMadeMs)) return 'elsewhere'
    try {
      await this.#make(turn)
    } catch (error) {
      if (claimed === true) this.#share(exchange => exchange.release(key))
      throw error
    }
    this.#share(exchange => exchange.leave(key, turn.weights))
    this.#tidyLater()
    return 'made'
  }

  /** Why nothing is shared any more, told once. */
  takeLoss(): string | undefined {
    const lost = this.#lost
    this.#lost = undefined
    return lost
  }

  close(): void {
    clearTimeout(this.#tidying)
    this.#share(exchange => exchange.close())
  }

  async #make({ make }: QNetTurn): Promise<'made'> {
    const startMs = this.#clock.monotonicMs()
    await make()
    this.#lastMadeMs = this.#clock.monotonicMs() - startMs
    return 'made'
  }

  /** Undefined from when the folder has failed. */
  #share<Result>(work: (exchange: QNetExchange) => Result): Result | undefined {
    if (this.#exchange === undefined) return undefined
    try {
      return work(this.#exchange)
    } catch (error) {
      if (error instanceof HypershardError) throw error
      this.#exchange = undefined
      this.#lost = messageOf(error)
      return undefined
    }
  }

  /** So that nothing stays for longer than it is of use. */
  #tidyLater(): void {
    this.#tidying ??= setTimeout(() => {
      this.#tidying = undefined
      if (this.#share(exchange => exchange.tidy()) === true) this.#tidyLater()
    }, tidyAfterMs).unref()
  }
}
