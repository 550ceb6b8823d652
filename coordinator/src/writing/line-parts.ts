/** One line without its end, or one element of a JSON array; `bytes` is undefined when it was longer than allowed and was skipped. */
export interface ReadLine {
  /** From 1; blank lines count. Of an array: the element's place. */
  readonly line: number
  readonly bytes: Buffer | undefined
}

/** The line under way: its parts lie in several chunks. */
export class LineParts {
  readonly #bytesMax: number
  #parts: Buffer[] = []
  #bytes = 0
  #line = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get empty(): boolean {
    return this.#bytes === 0
  }

  /** Beyond the bound, bytes are counted but not kept. */
  add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes <= this.#bytesMax) this.#parts.push(part)
    else this.#parts = []
  }

  drop(): void {
    this.#parts = []
    this.#bytes = 0
  }

  take(): ReadLine {
    const tooLong = this.#bytes > this.#bytesMax
    const bytes = tooLong ? undefined : this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    this.drop()
    this.#line++
    return { line: this.#line, bytes }
  }
}
