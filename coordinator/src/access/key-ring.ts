import { timingSafeEqual } from 'node:crypto'
import { digestOfKey, idOfKey, type KeyRecord, type KeyStore, type UnreadableKey } from '@hypershard/access'
import { type Clock, Deadline, HypershardError, type Logger, OutageLog, pauseBy, waitWithin } from '@hypershard/common'

/** How often keys are read anew. With the time that one reading may take, a revoked key is refused within 5 s. */
const readEveryMs = 1_000
const readMsMax = 3_000

/** For how long keys are good that cannot be read again, whatever the reason: a revocation could not be heard. */
const staleMsMax = 3_600_000

interface KnownKey {
  readonly record: KeyRecord
  readonly digest: Buffer
}

/** Records that are broken are named one by one, up to so many a reading. */
const toldMax = 100

const nobody = Buffer.alloc(32)

/**
 * The keys as they were read last, read again all the time. While they cannot be read, or are not as they should be, the
 * keys before stay for a bounded time, and the log tells. A single record that is broken is no key, and the rest are read.
 */
export class KeyRing {
  readonly #store: KeyStore
  readonly #clock: Clock
  readonly #away: OutageLog
  readonly #log: Logger
  readonly #stopped = new AbortController()
  #keys: ReadonlyMap<string, KnownKey> = new Map()
  /** Ids of records that are broken and were told of. */
  #told: ReadonlySet<string> = new Set()
  #readAtMs: number | undefined
  #failure: unknown

  private constructor(store: KeyStore, clock: Clock, log: Logger) {
    this.#store = store
    this.#clock = clock
    this.#log = log
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

  /**
   * What is stored by now of a key that was found before; undefined when it was revoked.
   * @throws HypershardError `unavailable`, as `find`
   */
  current({ id, hash }: KeyRecord): KeyRecord | undefined {
    this.requireKnown()
    const record = this.#keys.get(id)?.record
    return record?.hash === hash ? record : undefined
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
    // Told to anybody who knocks: where the keys are is for the log.
    if (this.#readAtMs === undefined) {
      const message = 'no API keys could be read yet, and nobody is let in before; the log says why'
      throw new HypershardError('unavailable', message, { cause: this.#failure })
    }
    if (this.#failure === undefined || this.#clock.monotonicMs() - this.#readAtMs <= staleMsMax) return
    const message = `the API keys could not be read for ${staleMsMax / 60_000} minutes, and revoked ones may be among them; the log says why`
    throw new HypershardError('unavailable', message, { cause: this.#failure })
  }

  /** Reads the keys now. */
  async refresh(): Promise<void> {
    try {
      const { keys, unreadable } = await waitWithin(
        this.#store.read(),
        Deadline.after(readMsMax, { clock: this.#clock }),
        'reading the API keys',
      )
      this.#keys = new Map(keys.map(record => [record.id, { record, digest: Buffer.from(record.hash, 'hex') }]))
      this.#readAtMs = this.#clock.monotonicMs()
      this.#failure = undefined
      this.#away.works()
      this.#tell(unreadable)
    } catch (error) {
      this.#failure = error
      this.#away.failed(error)
    }
  }

  close(): void {
    this.#stopped.abort()
    this.#store.close()
  }

  #tell(unreadable: readonly UnreadableKey[]): void {
    const shown = unreadable.slice(0, toldMax)
    for (const { id, fault } of shown) {
      if (this.#told.has(id)) continue
      this.#log.error({ keyId: id, reason: fault }, 'an API key cannot be read and is refused; the others are read')
    }
    this.#told = new Set(shown.map(({ id }) => id))
  }

  async #readOn(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await pauseBy(this.#clock, readEveryMs, signal).catch(() => undefined)
      if (!signal.aborted) await this.refresh()
    }
  }
}
