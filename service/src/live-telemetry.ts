import { readFile } from 'node:fs/promises'
import { HypershardError, type Logger, messageOf } from '@hypershard/common'
import { z } from 'zod'

/** What a process tells of itself. */
export interface TelemetrySettings {
  readonly metrics: 'on' | 'off'
  /** Of the requests and jobs that come without a trace, how many percent are traced. */
  readonly trace_sample_percent: number
}

const fileSchema = z
  .strictObject({ metrics: z.enum(['on', 'off']), trace_sample_percent: z.number().min(0).max(100) })
  .partial()

/** How often the file is read again by itself. */
const rereadMs = 2_000
/** It has two fields. */
const charactersMax = 4_096

export interface LiveTelemetryOptions {
  /** `HYPERSHARD_TELEMETRY_FILE`; without it nothing changes. */
  readonly file: string | undefined
  /** As the process's other settings have it; what stands in the file comes before them. */
  readonly settings: TelemetrySettings
  readonly log: Logger
}

/**
 * What a process counts and traces now. A file may change it while the process runs: one that cannot be read or used
 * changes nothing, and is told of once in the log.
 * @example
 * ```ts
 * const live = await LiveTelemetry.open({ file: '/etc/hypershard/telemetry.json', settings, log })
 * const meter = new PrometheusMeter({ isCounting: () => live.counting })
 * ```
 */
export class LiveTelemetry {
  readonly #options: LiveTelemetryOptions
  readonly #timer: NodeJS.Timeout | undefined
  #current: TelemetrySettings
  #counting: boolean
  /** What the log was told last that is wrong with the file. */
  #told: string | undefined
  #reading: Promise<void> | undefined

  /** @throws HypershardError `invalid_config` naming the file and the field */
  static async open(options: LiveTelemetryOptions): Promise<LiveTelemetry> {
    const { file, settings } = options
    return new LiveTelemetry(options, file === undefined ? settings : await readSettings(file, settings))
  }

  private constructor(options: LiveTelemetryOptions, first: TelemetrySettings) {
    this.#options = options
    this.#current = first
    this.#counting = first.metrics === 'on'
    if (options.file !== undefined) this.#timer = setInterval(() => void this.reread(), rereadMs).unref()
  }

  /** Whether metrics are on. Asked for each thing that is counted. */
  get counting(): boolean {
    return this.#counting
  }

  get samplePercent(): number {
    return this.#current.trace_sample_percent
  }

  /** Whether what is counted and traced may change. */
  get changes(): boolean {
    return this.#options.file !== undefined
  }

  /** Looks at the file now. @returns what holds from now on */
  async reread(): Promise<TelemetrySettings> {
    const { file } = this.#options
    if (file !== undefined) {
      this.#reading ??= this.#read(file).finally(() => {
        this.#reading = undefined
      })
      await this.#reading
    }
    return this.#current
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #read(file: string): Promise<void> {
    const { settings, log } = this.#options
    try {
      const read = await readSettings(file, settings)
      this.#told = undefined
      const before = this.#current
      if (read.metrics === before.metrics && read.trace_sample_percent === before.trace_sample_percent) return
      this.#current = read
      this.#counting = read.metrics === 'on'
      log.info({ file, before, now: read }, 'what is counted and traced has changed')
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      const reason = messageOf(error)
      if (reason === this.#told) return
      this.#told = reason
      log.error({ reason }, 'what is to be counted and traced cannot be read; it stays as it was')
    }
  }
}

async function readSettings(file: string, settings: TelemetrySettings): Promise<TelemetrySettings> {
  const fault = (problem: string, cause?: unknown) =>
    new HypershardError('invalid_config', `HYPERSHARD_TELEMETRY_FILE: ${file}: ${problem}`, { cause })
  let given: unknown
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > charactersMax) throw new Error(`is longer than ${charactersMax} characters`)
    given = JSON.parse(text)
  } catch (cause) {
    throw fault(`cannot be read: ${messageOf(cause)}`, cause)
  }
  const parsed = fileSchema.safeParse(given)
  if (parsed.success) return { ...settings, ...(parsed.data as Partial<TelemetrySettings>) }
  throw fault(parsed.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; '))
}
