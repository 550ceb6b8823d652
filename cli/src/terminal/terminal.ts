import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

/** A stream of the process, which may be a terminal. */
export type TerminalStream<Stream> = Stream & { readonly isTTY?: boolean; readonly columns?: number }

export interface TerminalStreams {
  readonly stdin: TerminalStream<Readable>
  readonly stdout: TerminalStream<Writable>
  readonly stderr: TerminalStream<Writable>
}

export type TextStyle = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Where one kind of output goes, and what it can show. */
export class Output {
  readonly #stream: TerminalStream<Writable>
  readonly #colour: boolean
  readonly isTty: boolean

  constructor(stream: TerminalStream<Writable>, environment: Readonly<Record<string, string | undefined>>) {
    this.#stream = stream
    this.isTty = stream.isTTY === true
    this.#colour = this.isTty && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb'
  }

  /** The width to fill: the terminal's, and 80 where there is none. */
  get columns(): number {
    return this.isTty ? Math.max(columnsMin, this.#stream.columns ?? columnsDefault) : columnsDefault
  }

  write(text: string): void {
    this.#stream.write(text)
  }

  line(text = ''): void {
    this.#stream.write(`${text}\n`)
  }

  /** The text in a style where colour is wanted, otherwise as it is. */
  style(style: TextStyle, text: string): string {
    return this.#colour ? styleText(style, text, { validateStream: false }) : text
  }
}

/** Narrower terminals wrap; tables of three columns need about this much to be tables. */
const columnsMin = 40
const columnsDefault = 80

/** Standard output for results, standard error for everything about the work. */
export interface Terminal {
  readonly stdin: TerminalStream<Readable>
  readonly out: Output
  readonly notes: Output
}

export function createTerminal(
  streams: TerminalStreams,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  return {
    stdin: streams.stdin,
    out: new Output(streams.stdout, environment),
    notes: new Output(streams.stderr, environment),
  }
}
