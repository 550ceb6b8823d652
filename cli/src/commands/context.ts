import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import type { HypershardClient } from '@hypershard/client'
import { readCa } from '@hypershard/client/node'
import { HypershardError, messageOf } from '@hypershard/common'
import type { ServicePrograms } from '@hypershard/local-cluster'
import { connectApi } from '../api/connect-api.ts'
import { createTerminal, type Terminal, type TerminalStream } from '../terminal/terminal.ts'

/** What the command takes from its process; `main.ts` gives the real thing, tests give their own. */
export interface Surroundings {
  readonly stdin: TerminalStream<Readable>
  readonly stdout: TerminalStream<Writable>
  readonly stderr: TerminalStream<Writable>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Calls back for every request to end: Ctrl-C, SIGTERM, SIGHUP, the end of a parent with an IPC channel. */
  onEndRequest(callback: () => void): void
  /** What `up` starts; this repository's services when left out. */
  readonly programs?: ServicePrograms
}

/** The options that every command has. */
export interface GlobalOptions {
  readonly url: string
  readonly json: boolean
  readonly timeout?: number
  readonly caFile?: string
  readonly keyFile?: string
}

/** What a command's action works with. */
export class CommandContext {
  readonly surroundings: Surroundings
  readonly terminal: Terminal
  readonly #options: () => GlobalOptions
  /** What the process will exit with; 0 unless the action says otherwise. */
  exitCode = 0

  constructor(surroundings: Surroundings, options: () => GlobalOptions) {
    this.surroundings = surroundings
    this.terminal = createTerminal(surroundings, surroundings.environment)
    this.#options = options
  }

  get json(): boolean {
    return this.#options().json
  }

  /** As `--timeout` says. */
  get timeoutMs(): number | undefined {
    return this.#options().timeout
  }

  /** Where a coordinator answers. */
  get url(): string {
    return this.#options().url
  }

  /** @param url of another coordinator than that of `--url` */
  api(url = this.url): HypershardClient {
    const { caFile } = this.#options()
    const tls = caFile === undefined ? undefined : { ca: readCa(caFile, '--ca-file') }
    return connectApi({ url, timeoutMs: this.timeoutMs, tls, key: this.apiKey() })
  }

  /**
   * The API key to send, if one is given.
   * @throws HypershardError `invalid_request` for a file that cannot be read, or has no key in it
   */
  apiKey(): string | undefined {
    const { keyFile } = this.#options()
    const given = keyFile === undefined ? this.surroundings.environment.HYPERSHARD_API_KEY : readKeyFile(keyFile)
    const key = given?.trim()
    if (key === undefined || key === '') return undefined
    if (/^hs_\w+$/.test(key)) return key
    const where = keyFile ?? 'HYPERSHARD_API_KEY'
    throw new HypershardError('invalid_request', `${where}: no API key is written so; it begins with hs_`)
  }

  /** The command's answer: with `--json` the one document on standard output, otherwise what `render` makes of it. */
  answer<Answer>(answer: Answer, render: (answer: Answer) => readonly string[]): void {
    const lines = this.json ? [JSON.stringify(answer, null, 2)] : render(answer)
    for (const line of lines) this.terminal.out.line(line)
  }
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new HypershardError('invalid_request', `--key-file: ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}
