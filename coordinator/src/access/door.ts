import type { KeyRecord, Scope } from '@hypershard/access'
import { type Clock, HypershardError, type Logger, type Meter } from '@hypershard/common'
import { AccessMeter } from './access-meter.ts'
import { type Caller, callerOf, callerWithoutKeys, nameOf, requireUse, seesEverything, stranger } from './caller.ts'
import { FailedAttempts } from './failed-attempts.ts'
import { KeyLimits, type LimitFields } from './key-limits.ts'
import type { KeyRing } from './key-ring.ts'

/** What a request needs to be let in. */
export interface AccessRule {
  /** That the key must have; `public` asks for no key. */
  readonly scope: Scope | 'public'
  /** It tells of all indexes, or acts on them: the key must be for every index, and have no filter. */
  readonly wholeCluster?: boolean
  /** Its work keeps to the filter of a key that has one. No other can be done with such a key. */
  readonly keepsToFilter?: boolean
}

/** A request before anything of it but its head was read. */
export interface Knock {
  /** The header `Authorization`, or the metadata of this name. */
  readonly authorization: string | undefined
  /** Of who sends it, without the port. */
  readonly address: string
}

export interface DoorParts {
  readonly clock: Clock
  readonly log: Logger
  readonly meter: Meter
}

/** Who may come in: one policy for HTTP and gRPC. */
export class Door {
  readonly limits: KeyLimits
  readonly meter: AccessMeter
  readonly #ring: KeyRing | undefined
  readonly #failed: FailedAttempts
  readonly #clock: Clock
  /** Of callers that have a key. */
  readonly #keys = new WeakMap<Caller, KeyRecord>()

  /** @param ring undefined where no keys are asked for */
  constructor(ring: KeyRing | undefined, { clock, log, meter }: DoorParts) {
    this.#ring = ring
    this.#clock = clock
    this.meter = new AccessMeter(meter, ring)
    this.limits = new KeyLimits(clock)
    this.#failed = new FailedAttempts(clock, log)
  }

  /** Whether keys are asked for. */
  get locked(): boolean {
    return this.#ring !== undefined
  }

  /**
   * Who it is, whatever he wants. Where no key is needed, one that is not valid is none.
   * @throws HypershardError `unauthenticated`, `rate_limited`, `unavailable` while no keys could be read
   */
  identify({ scope }: AccessRule, { authorization, address }: Knock): Caller {
    if (this.#ring === undefined) return callerWithoutKeys(address)
    if (scope === 'public' && (authorization === undefined || !this.#ring.known)) return stranger(address)
    const key = this.#keyOf(this.#ring, authorization)
    if (!(key instanceof HypershardError)) {
      const caller = callerOf(key, address)
      this.#keys.set(caller, key)
      return caller
    }
    if (scope === 'public') return stranger(address)
    // Whoever sends none tries none, and an expired one was valid.
    throw authorization === undefined || key.details.expired === true ? key : this.#failedAttempt(key, address)
  }

  /**
   * Lets somebody in, or not. Decided from what he may do alone, before anything is looked up.
   * @param index that the head of the request names
   * @throws HypershardError `rate_limited`, `forbidden`
   */
  admit(rule: AccessRule, caller: Caller, index?: string): void {
    if (rule.scope === 'public') return
    const key = this.#keys.get(caller)
    if (key !== undefined) this.limits.takeRequest(key)
    this.#check(rule, caller)
    if (index !== undefined) requireUse(caller, index)
  }

  /**
   * The rest of an answer that comes bit by bit, until its caller would not be let in any more: his key was revoked, has
   * expired, or may do less. It ends then as if there were no more, so no list may be sent so.
   */
  async *whileAdmitted<Part>(
    parts: AsyncIterable<Part>,
    { rule, caller, index }: { rule: AccessRule; caller: Caller; index: string | undefined },
  ): AsyncGenerator<Part> {
    for await (const part of parts) {
      if (!this.#stillAdmits(rule, caller, index)) return
      yield part
    }
  }

  /** What an answer tells its caller of his limits. */
  limitFieldsOf(caller: Caller): LimitFields {
    const key = this.#keys.get(caller)
    return key === undefined ? {} : this.limits.fieldsOf(key)
  }

  keyOf(caller: Caller): KeyRecord | undefined {
    return this.#keys.get(caller)
  }

  #failedAttempt(error: HypershardError, address: string): HypershardError {
    this.meter.failedAttempt()
    return this.#failed.count(error, address)
  }

  #keyOf(ring: KeyRing, authorization: string | undefined): KeyRecord | HypershardError {
    if (authorization === undefined) {
      return new HypershardError('unauthenticated', 'an API key is needed; send it as `Authorization: Bearer hs_…`')
    }
    const [, text] = /^bearer +(\S+) *$/i.exec(authorization) ?? []
    const key = text === undefined ? undefined : ring.find(text)
    if (key === undefined) {
      return new HypershardError('unauthenticated', 'the API key is not valid: it is not known here, or was revoked')
    }
    if (!this.#hasExpired(key)) return key
    const message = `the API key ${key.id} has expired, at ${key.expires_at}`
    return new HypershardError('unauthenticated', message, { details: { expired: true } })
  }

  #hasExpired({ expires_at: at }: KeyRecord): boolean {
    return at !== undefined && Date.parse(at) <= this.#clock.now()
  }

  #stillAdmits(rule: AccessRule, caller: Caller, index: string | undefined): boolean {
    const key = this.#keys.get(caller)
    if (this.#ring === undefined || key === undefined) return true
    try {
      const current = this.#ring.current(key)
      if (current === undefined || this.#hasExpired(current)) return false
      const now = callerOf(current, caller.address)
      this.#check(rule, now)
      if (index !== undefined) requireUse(now, index)
      return true
    } catch (error) {
      if (error instanceof HypershardError) return false
      throw error
    }
  }

  #check({ scope, wholeCluster, keepsToFilter }: AccessRule, caller: Caller): void {
    const refuse = (why: string) => {
      throw new HypershardError('forbidden', `${nameOf(caller)} may not do this: ${why}`, { details: { scope } })
    }
    if (!caller.scopes.some(own => own === scope)) refuse(`it has not the scope \`${scope}\``)
    if (caller.filter !== undefined && keepsToFilter !== true) refuse('it has a filter, and this is not of one tenant')
    if (wholeCluster === true && !seesEverything(caller)) refuse('it is not for all indexes, and this is of all')
  }
}
