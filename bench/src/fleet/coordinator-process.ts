import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ReadyMessage } from '@hypershard/common'
import type { Environment } from '@hypershard/local-cluster'

const program = fileURLToPath(new URL('../../../coordinator/src/main.ts', import.meta.url))

/** A coordinator beside the one that a local cluster has. It ends when the bench does. */
export class CoordinatorProcess {
  readonly name: string
  readonly #environment: Environment
  readonly #logPath: string
  #child: ChildProcess | undefined
  #addresses: Readonly<Record<string, string>> = {}

  constructor(name: string, { environment, logPath }: { environment: Environment; logPath: string }) {
    this.name = name
    this.#environment = environment
    this.#logPath = logPath
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get origin(): string {
    return `http://${this.#addresses.http}`
  }

  /** Starts it where it was, if it has been. @throws Error when it ends before it is ready */
  async start(): Promise<void> {
    const { http = '127.0.0.1:0', grpc = '127.0.0.1:0' } = this.#addresses
    const log = openSync(this.#logPath, 'a')
    const environment = { ...this.#environment, HYPERSHARD_HTTP_LISTEN: http, HYPERSHARD_GRPC_LISTEN: grpc }
    const child = fork(program, [], { env: environment, execArgv: [], stdio: ['ignore', log, log, 'ipc'] })
    closeSync(log)
    this.#child = child
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${this.name} could not start: ${this.#logPath}`)
    })
    const [message] = await Promise.race([once(child, 'message'), ended])
    ended.catch(() => {})
    this.#addresses = (message as ReadyMessage).addresses
  }

  /** SIGTERM: requests under way are answered. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }
}
