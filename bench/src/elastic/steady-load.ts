import type { LoadClient } from '../load/client/load-client.ts'
import type { HttpTarget, LoadResult } from '../load/client/load-job.ts'
import { nowMs, type TimeWindow, type WindowFigures, windowFigures } from '../load/measure/window-figures.ts'

/** What a started cluster answers in this time is slower than what it answers later, and counts in no window. */
const warmUpSeconds = 4
const secondsMax = 3_600
/** Longer than any search may take. */
const timeoutMs = 20_000

export interface SteadyLoadJob {
  readonly target: HttpTarget
  readonly bodies: readonly string[]
  readonly perSecond: number
}

/** What became of a load, in the windows that were marked meanwhile. */
export interface SteadyLoadResult extends Pick<LoadResult, 'requests' | 'sentElsewhere' | 'wrongAnswers'> {
  readonly windows: readonly WindowFigures[]
}

/** Searches that arrive evenly while things happen; the time is cut into windows by what happens. */
export class SteadyLoad {
  readonly #end = Promise.withResolvers<void>()
  readonly #result: Promise<LoadResult>
  readonly #windows: TimeWindow[] = []

  private constructor(result: (until: Promise<void>) => Promise<LoadResult>) {
    this.#result = result(this.#end.promise)
    // It is told where the load is ended.
    this.#result.catch(() => {})
  }

  /** @returns once it has warmed up */
  static async start(client: LoadClient, { perSecond, ...job }: SteadyLoadJob): Promise<SteadyLoad> {
    const begun = Promise.withResolvers<void>()
    const all = { ...job, loop: { kind: 'open', perSecond }, repeat: true, timeoutMs } as const
    const load = new SteadyLoad(until =>
      client.run({ ...all, warmUpSeconds, seconds: secondsMax }, { onBegin: begun.resolve, until }),
    )
    await Promise.race([begun.promise, load.#result])
    return load
  }

  /** Names the time that something takes. */
  async window<Done>(name: string, work: () => Promise<Done>): Promise<Done> {
    const fromMs = nowMs()
    const done = await work()
    this.#windows.push({ name, fromMs, toMs: nowMs() })
    return done
  }

  /** Ends it, and waits for the answers that are still to come. */
  async end(): Promise<SteadyLoadResult> {
    this.#end.resolve()
    const { requests, sentElsewhere, wrongAnswers } = await this.#result
    return {
      requests,
      sentElsewhere,
      wrongAnswers,
      windows: this.#windows.map(window => windowFigures(window, requests)),
    }
  }
}
