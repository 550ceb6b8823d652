import { type Clock, Deadline, HypershardError, systemClock, waitWithin } from '@hypershard/common'
import { hyperHeadBytesMax } from '@hypershard/proto/limits'
import { LRUCache } from 'lru-cache'

/** What is held of a hyper-head. */
export interface HeldHead {
  /** Of its files. Opened, one in f32 took two and a half times that. */
  readonly bytes: number
}

/** How long a query waits for a hyper-head that is being loaded. Its weights come from elsewhere sooner than that. */
const loadWaitMsMax = 500

/** What costs nothing to hold is counted with this. */
const entryOverheadBytes = 4_096

/**
 * Hyper-heads that were loaded from the object store, by their model's digest: the least recently used go once all exceed
 * `hyperHeadBytesMax`. Whoever asks for one shares its loading, and a load that failed is tried again by the next who asks.
 */
export class HeldHeads<Head extends HeldHead> {
  readonly #load: (modelDigest: string) => Promise<Head>
  readonly #clock: Clock
  readonly #held = new LRUCache<string, Head>({
    maxSize: hyperHeadBytesMax + entryOverheadBytes,
    sizeCalculation: ({ bytes }) => bytes + entryOverheadBytes,
  })
  readonly #loading = new Map<string, Promise<Head>>()

  /** @param load also refuses what is larger than may be held */
  constructor(load: (modelDigest: string) => Promise<Head>, clock: Clock = systemClock) {
    this.#load = load
    this.#clock = clock
  }

  /** Has a hyper-head loaded unless it is there. Whoever asks for it is told what went wrong. */
  warm(modelDigest: string): void {
    if (!this.#held.has(modelDigest)) this.#loadOnce(modelDigest).catch(() => undefined)
  }

  /** @throws HypershardError `model_not_found` when it cannot be had, saying why, or not soon */
  async get(modelDigest: string): Promise<Head> {
    const held = this.#held.get(modelDigest)
    if (held !== undefined) return held
    const deadline = Deadline.after(loadWaitMsMax, { clock: this.#clock })
    const step = 'loading the hyper-head, which goes on'
    return waitWithin(this.#loadOnce(modelDigest), deadline, step).catch(notHad(modelDigest))
  }

  #loadOnce(modelDigest: string): Promise<Head> {
    const known = this.#loading.get(modelDigest)
    if (known !== undefined) return known
    const loading = this.#load(modelDigest)
      .then(head => {
        this.#held.set(modelDigest, head)
        return head
      })
      .finally(() => this.#loading.delete(modelDigest))
    this.#loading.set(modelDigest, loading)
    return loading
  }
}

/** Whatever the reason, q-nets made elsewhere can be scored here. */
function notHad(modelDigest: string) {
  return (error: unknown): never => {
    if (!(error instanceof HypershardError)) throw error
    const message = `no hyper-head of model ${modelDigest.slice(0, 12)} here, send weights: ${error.message}`
    throw new HypershardError('model_not_found', message, { details: { model: modelDigest }, cause: error })
  }
}
