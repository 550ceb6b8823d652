import { timingSafeEqual } from 'node:crypto'
import { digestOfKey, idOfKey, type KeyRecord, type KeyStore } from '@hypershard/access'
import { type Clock, Deadline, HypershardError, type Logger, OutageLog, pauseBy, waitWithin } from '@hypershard/common'

/** How often keys are read anew. With the time that one reading may take, a revoked key is refused within 5 s. */
const readEveryMs = 1_000
const readMsMax = 3_000

/** For how long keys of a Redis that is away are good: a revocation could not be heard. */
const staleMsMax = 3_600_000

interface KnownKey {
  readonly record: KeyRecord
  readonly digest: Buffer
}

const nobody = Buffer.alloc(32)

/**
 * The keys as they were read last, read again all the time. What cannot be read, or is not as it should be, changes
 * nothing: the keys before stay, and the log tells.
 */
export class KeyRing {
  readonly #store: KeyStore
  readonly #clock: Clock
  readonly #away: OutageLog
  readonly #stopped = new AbortController()
  #keys: ReadonlyMap<string, KnownKey> = new Map()
  #readAtMs: number | undefined
  #failure: unknown

  private constructor(store: KeyStore, clock: Clock, log: Logger) {
    this.#store = store
    this.#clock = clock
    this.#away = new OutageLog(`the API keys of ${store.name}`, log, clock)
  }

  /** @throws HypershardError `invalid_config` for keys that cannot be used from the start; a Redis may be away */
  static async open(store: KeyStore, clock: Clock, log: Logger): Promise<KeyRing> {
    const ring = new KeyRing(store, clock, log)
    await ring.refresh()
    const failure = ring.#failure
    if (failure instanceof HypershardError && failure.code === 'invalid_config') throw failure
    void ring.#readOn()
    return ring
  }

  /**
   * The key that somebody sent, if it is one of these.
   * @throws HypershardError `unavailable` while no keys are known, or for too long
   */
  find(text: string): KeyRecord | undefined {
    this.requireKnown()
    const known = this.#keys.get(idOfKey(text) ?? '')
    const same = timingSafeEqual(digestOfKey(text), known?.digest ?? nobody)
    return same ? known?.record : undefined
  }

  /** How many were read last. */
  get size(): number {
    return this.#keys.size
  }

  /** Since they were read last; undefined while none could be. */
  get ageSeconds(): number | undefined {
    return this.#readAtMs === undefined ? undefined : (this.#clock.monotonicMs() - this.#readAtMs) / 1_000
  }

  /** Whether any were read, now or before. */
  get known(): boolean {
    return this.#readAtMs !== undefined
  }

  /** @throws HypershardError `unavailable` */
  requireKnown(): void {
    const { name } = this.#store
    if (this.#readAtMs === undefined) {
      const message = `no API keys could be read of ${name} yet; nobody is let in before`
      throw new HypershardError('unavailable', message, { cause: this.#failure })
    }
    const isAway = this.#failure instanceof HypershardError && this.#failure.code !== 'invalid_config'
    if (!isAway || this.#clock.monotonicMs() - this.#readAtMs <= staleMsMax) return
    const message = `the API keys of ${name} could not be read for ${staleMsMax / 60_000} minutes; revoked ones may be among them`
    throw new HypershardError('unavailable', message, { cause: this.#failure })
  }

  /** Reads the keys now. */
  async refresh(): Promise<void> {
    try {
      const records = await waitWithin(
        this.#store.read(),
        Deadline.after(readMsMax, { clock: this.#clock }),
        'reading the API keys',
      )
      this.#keys = new Map(records.map(record => [record.id, { record, digest: Buffer.from(record.hash, 'hex') }]))
      this.#readAtMs = this.#clock.monotonicMs()
      this.#failure = undefined
      this.#away.works()
    } catch (error) {
      this.#failure = error
      this.#away.failed(error)
    }
  }

  close(): void {
    this.#stopped.abort()
    this.#store.close()
  }

  async #readOn(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await pauseBy(this.#clock, readEveryMs, signal).catch(() => undefined)
      if (!signal.aborted) await this.refresh()
    }
  }
}
