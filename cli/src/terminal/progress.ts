import { type Clock, systemClock } from '@hypershard/common'
import { pad, shorten } from './fit-text.ts'
import { formatCount, formatCountOf, formatDuration, formatRate, formatShare } from './format-number.ts'
import type { Output } from './terminal.ts'

/** How far some work is. */
export interface WorkState {
  readonly done: number
  /** How much there is; may be an estimate; undefined while nobody knows. */
  readonly total?: number | undefined
}

/** The bar is redrawn at most this often, and a line written this often where there is no terminal to redraw. */
const redrawMs = 100
const lineMs = 10_000
/** The rate is that of the last stretch of this length, so that it follows the work without jumping. */
const rateWindowMs = 10_000
const measureEveryMs = 250
const barWidth = 24

/** Units of work a second over the last ten seconds. Holds at most 40 measurements. */
export class RateMeter {
  readonly #measurements: { readonly ms: number; readonly done: number }[] = []

  add(ms: number, done: number): void {
    const last = this.#measurements.at(-1)
    if (last !== undefined && ms - last.ms < measureEveryMs) return
    this.#measurements.push({ ms, done })
    while (this.#measurements[0]!.ms < ms - rateWindowMs) this.#measurements.shift()
  }

  /** Undefined until something has been done. */
  perSecond(ms: number, done: number): number | undefined {
    const first = this.#measurements[0]
    if (first === undefined || ms <= first.ms || done <= first.done) return undefined
    return ((done - first.done) / (ms - first.ms)) * 1_000
  }
}

/** One line that tells how far the work is: label, bar, share, count, rate and the time left. */
export function renderProgress(label: string, work: WorkState, perSecond: number | undefined, width: number): string {
  const rate = perSecond === undefined ? '' : formatRate(perSecond)
  const parts = [label]
  if (work.total === undefined) parts.push(formatCountOf(work.done, 'document'), rate)
  else {
    const share = work.total === 0 ? 1 : Math.min(1, work.done / work.total)
    const filled = Math.floor(share * barWidth)
    parts.push('█'.repeat(filled) + '░'.repeat(barWidth - filled), pad(formatShare(share), 6, 'right'))
    parts.push(formatCount(work.done), rate)
    const left = Math.max(0, work.total - work.done)
    if (perSecond !== undefined && left > 0) parts.push(`${formatDuration((left / perSecond) * 1_000)} left`)
  }
  return shorten(parts.filter(part => part !== '').join('  '), width)
}

/** Shows work under way: a bar that is redrawn on a terminal, otherwise a line every ten seconds. */
export class ProgressDisplay {
  readonly #output: Output
  readonly #label: string
  readonly #clock: Clock
  readonly #rate = new RateMeter()
  #shownMs: number

  constructor(output: Output, label: string, clock: Clock = systemClock) {
    this.#output = output
    this.#label = label
    this.#clock = clock
    // The first line without a terminal comes after its interval: work that ends sooner needs none.
    this.#shownMs = output.isTty ? Number.NEGATIVE_INFINITY : clock.monotonicMs()
  }

  update(work: WorkState): void {
    const ms = this.#clock.monotonicMs()
    this.#rate.add(ms, work.done)
    if (ms - this.#shownMs < (this.#output.isTty ? redrawMs : lineMs)) return
    this.#shownMs = ms
    const line = renderProgress(this.#label, work, this.#rate.perSecond(ms, work.done), this.#output.columns - 1)
    if (this.#output.isTty) this.#output.write(`\r${line}\u001b[K`)
    else this.#output.line(line)
  }

  /** Takes the bar away; what came of the work is told by the result. */
  end(): void {
    if (this.#output.isTty) this.#output.write('\r\u001b[K')
  }
}
