import { shorten } from './fit-text.ts'
import { formatDuration } from './format-number.ts'
import type { Output } from './terminal.ts'

const labelWidth = 16

/** The steps of some work, one line each: shown when they begin (on a terminal) and, with their time, when they end. */
export class Steps {
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  begin(label: string): void {
    if (this.#output.isTty) this.#output.write(`${this.#output.style('dim', `· ${label} …`)}\r`)
  }

  done(label: string, detail: string, tookMs: number): void {
    this.#line(this.#output.style('green', '✓'), label, detail, formatSeconds(tookMs))
  }

  /** Something that did not go as it should, and goes on. */
  trouble(label: string, detail: string): void {
    this.#line(this.#output.style('yellow', '!'), label, detail, '')
  }

  /** Clears a step that was begun and will not end. */
  abandon(): void {
    if (this.#output.isTty) this.#output.write('\r\u001b[K')
  }

  #line(mark: string, label: string, detail: string, time: string): void {
    const room = this.#output.columns - labelWidth - time.length - 6
    const parts = detail === '' ? [label] : [label.padEnd(labelWidth), shorten(detail, room)]
    if (time !== '') parts.push(this.#output.style('dim', time))
    this.abandon()
    this.#output.line(`${mark} ${parts.join('  ')}`)
  }
}

function formatSeconds(ms: number): string {
  return ms < 60_000 ? `(${(ms / 1_000).toFixed(1)} s)` : `(${formatDuration(ms)})`
}
