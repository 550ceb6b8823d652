import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { ReadyMessage } from '@hypershard/common'
import type { Environment } from '@hypershard/local-cluster'

/** Ends only a start that hangs. */
const startMsMax = 120_000
const logCharactersMax = 2_000

/** How to start a process on a host. */
export interface HostCommand {
  readonly namespace: string
  readonly command: readonly [program: string, ...words: string[]]
  readonly environment: Environment
  readonly logPath: string
}

/** A process that runs on a host. */
export class HostProcess {
  readonly logPath: string
  readonly #child: ChildProcess
  readonly #exited: Promise<string>

  constructor({ namespace, command, environment, logPath }: HostCommand) {
    this.logPath = logPath
    const log = openSync(logPath, 'a')
    try {
      // `ip` becomes the program: the process id is the program's, and the channel reaches it.
      this.#child = spawn('ip', ['netns', 'exec', namespace, ...command], {
        env: environment,
        stdio: ['ignore', log, log, 'ipc'],
        detached: true,
      })
    } finally {
      closeSync(log)
    }
    this.#exited = new Promise(resolve => {
      this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
      this.#child.once('error', error => resolve(error.message))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How it ended, once it has. */
  get exited(): Promise<string> {
    return this.#exited
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until a service says that it is ready. @throws Error with the end of its log */
  async ready(): Promise<void> {
    const timer = setTimeout(() => this.kill('SIGKILL'), startMsMax)
    const said = new Promise<undefined>(resolve => {
      this.#child.on('message', message => {
        if ((message as Partial<ReadyMessage>).type === 'ready') resolve(undefined)
      })
    })
    const end = await Promise.race([said, this.#exited])
    clearTimeout(timer)
    if (end !== undefined) throw new Error(`${basename(this.logPath)}: ${end} before it was ready:\n${this.logEnd()}`)
  }

  logEnd(): string {
    return readFileSync(this.logPath, 'utf8').slice(-logCharactersMax)
  }
}
