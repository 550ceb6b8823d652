import { HypershardError } from '@hypershard/common'

/**
 * Bounds the work inside one lane of the service, waiting or running, counted in tokens. What comes on top is turned
 * away at the door, while its caller can still go elsewhere, instead of growing a queue nobody lives to see the end of.
 */
export class AdmissionGate {
  readonly #what: string
  readonly #queueTokensMax: number
  #tokens = 0

  /** @param what is admitted, for messages: `queries`, `documents` */
  constructor(what: string, queueTokensMax: number) {
    this.#what = what
    this.#queueTokensMax = queueTokensMax
  }

  /** Tokens inside. */
  get tokens(): number {
    return this.#tokens
  }

  /**
   * Does the work of a request if there is room for its tokens.
   * @throws HypershardError `overloaded`; `request_too_large` for one that would not fit an empty queue
   */
  async admit<Answer>(tokens: number, work: () => Promise<Answer>): Promise<Answer> {
    const details = { tokens, queueTokens: this.#tokens, queueTokensMax: this.#queueTokensMax }
    if (tokens > this.#queueTokensMax) {
      const message = `${this.#what}: up to ${tokens} tokens in one request, over the queue's ${this.#queueTokensMax}; send fewer at once`
      throw new HypershardError('request_too_large', message, { details })
    }
    if (this.#tokens + tokens > this.#queueTokensMax) {
      const message = `${this.#what}: ${this.#tokens} of ${this.#queueTokensMax} queue tokens are taken; try again later`
      throw new HypershardError('overloaded', message, { details })
    }
    this.#tokens += tokens
    try {
      return await work()
    } finally {
      this.#tokens -= tokens
    }
  }
}
