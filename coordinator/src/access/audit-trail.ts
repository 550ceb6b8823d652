import { type AuditEntry, AuditLog } from '@hypershard/access'
import { type Clock, type Counter, type Meter, toHypershardError } from '@hypershard/common'
import type { Caller } from './caller.ts'
import { accessMetrics } from './metrics.ts'

/** A request that changes something, for the audit log. */
export interface AuditedFacts {
  readonly caller: Caller
  /** The same in every line of a request. */
  readonly request: string
  /** The `operationId`. */
  readonly what: string
  readonly subject: AuditEntry['subject']
}

/** Notes that work begins, does it, and notes what came of it before anybody is told. */
export interface AuditedRequest {
  /** @throws HypershardError `unavailable` while it cannot be noted: then nothing is done; and what the work throws */
  run<Result>(work: () => Promise<Result>, countsOf?: (result: Result) => AuditEntry['counts']): Promise<Result>
}

/** Where nothing is noted. */
export const notAudited: AuditedRequest = Object.freeze({ run: <Result>(work: () => Promise<Result>) => work() })

/** Who changed what, when, and what came of it. */
export class AuditTrail {
  readonly #log: AuditLog | undefined
  readonly #lines: Counter<'result'>

  private constructor(log: AuditLog | undefined, meter: Meter) {
    this.#log = log
    this.#lines = meter.counter(accessMetrics.auditLines)
  }

  /** @param path undefined where nothing is to be noted. @throws HypershardError `invalid_config` */
  static async open(path: string | undefined, clock: Clock, meter: Meter): Promise<AuditTrail> {
    return new AuditTrail(path === undefined ? undefined : await AuditLog.open(path, clock), meter)
  }

  request(facts: AuditedFacts): AuditedRequest {
    const log = this.#log
    if (log === undefined) return notAudited
    const note = (event: AuditEntry['event'], came?: Pick<AuditEntry, 'outcome' | 'counts'>) =>
      this.#append(log, { event, ...entryOf(facts), ...came })
    return {
      run: async (work, countsOf) => {
        await note('begun')
        let result: Awaited<ReturnType<typeof work>>
        try {
          result = await work()
        } catch (error) {
          await note('ended', { outcome: toHypershardError(error).code })
          throw error
        }
        const counts = countsOf?.(result)
        await note('ended', counts === undefined ? { outcome: 'ok' } : { outcome: 'ok', counts })
        return result
      },
    }
  }

  /** Notes that a caller with a valid key was not let in. */
  async refused(facts: AuditedFacts, error: unknown): Promise<void> {
    if (this.#log === undefined) return
    await this.#append(this.#log, { event: 'refused', ...entryOf(facts), outcome: toHypershardError(error).code })
  }

  async #append(log: AuditLog, entry: AuditEntry): Promise<void> {
    try {
      await log.append(entry)
    } catch (error) {
      this.#lines.add({ result: 'failed' })
      throw error
    }
    this.#lines.add({ result: 'written' })
  }

  async close(): Promise<void> {
    await this.#log?.close()
  }
}

function entryOf({ caller, request, what, subject }: AuditedFacts) {
  const { keyId, name, address } = caller
  return { request, key: keyId === undefined ? null : { id: keyId, name }, address, what, subject }
}
