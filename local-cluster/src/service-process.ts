import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { basename } from 'node:path'
import { type ErrorCode, HypershardError, isErrorCode, type ReadyMessage, toFolderFailure } from '@hypershard/common'
import { readLogEnd } from './log-file.ts'
import type { ProcessPlan } from './plan-processes.ts'

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Services exit with this when their settings, model or port need mending: starting again would not help. */
const operatorsMistakeExitCode = 78
const startMsMax = 120_000
const logLinesMax = 6

/** A process could not be started, or crashed until nobody started it again. */
export class ProcessFailure extends HypershardError {
  /** Undefined when it did not end by itself. */
  readonly exit: ProcessExit | undefined
  /** The last lines of its log. */
  readonly logLines: readonly string[]

  constructor(
    code: ErrorCode,
    message: string,
    facts: {
      exit: ProcessExit | undefined
      logLines: readonly string[]
      details: Readonly<Record<string, unknown>>
    },
  ) {
    super(code, message, { details: facts.details })
    this.exit = facts.exit
    this.logLines = facts.logLines
  }

  /** Whether starting it again as it is cannot help. */
  get needsMending(): boolean {
    return this.exit?.code === operatorsMistakeExitCode
  }
}

/**
 * One place in the cluster and the process that fills it now. Started again, the process listens where the one before
 * it did. It belongs to a process group of its own, so that Ctrl-C reaches only the supervisor, which stops the
 * processes in order; it ends by itself when the IPC channel to the supervisor closes.
 */
export class ServiceProcess {
  readonly plan: ProcessPlan
  readonly logPath: string
  readonly #onCrash: (process: ServiceProcess, exit: ProcessExit) => void
  #child: ChildProcess | undefined
  #exited: Promise<ProcessExit> | undefined
  #addresses: Readonly<Record<string, string>> = {}
  #logStartByte = 0
  #stopping = false

  /** @param onCrash called when the process ends after it was ready without having been stopped */
  constructor(plan: ProcessPlan, logPath: string, onCrash: (process: ServiceProcess, exit: ProcessExit) => void) {
    this.plan = plan
    this.logPath = logPath
    this.#onCrash = onCrash
  }

  get name(): string {
    return this.plan.name
  }

  /** Undefined while no process fills the place. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Where it listens, by name; empty before it was ready for the first time. */
  get addresses(): Readonly<Record<string, string>> {
    return this.#addresses
  }

  /**
   * Starts the process and waits until it says that it is ready.
   * @throws ProcessFailure with the reason from its log
   */
  async start(): Promise<void> {
    this.#stopping = false
    const child = this.#spawn()
    const exited = new Promise<ProcessExit>(resolve => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
      child.once('error', () => resolve({ code: null, signal: null }))
    })
    this.#child = child
    this.#exited = exited
    exited.then(() => {
      if (this.#child === child) this.#child = undefined
    })
    this.#addresses = await this.#ready(child, exited)
    exited.then(exit => {
      if (!this.#stopping) this.#onCrash(this, exit)
    })
  }

  /**
   * The signal, and SIGKILL if it is not gone in time. SIGTERM lets it drain first, SIGINT does not.
   * @returns how it ended; undefined where no process filled the place
   */
  async stop(signal: NodeJS.Signals, graceMs: number): Promise<ProcessExit | undefined> {
    this.#stopping = true
    if (this.#child === undefined) return undefined
    this.kill(signal)
    // A process that was halted handles no signal but SIGKILL and this one.
    this.kill('SIGCONT')
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs)
    const exit = await this.#exited
    clearTimeout(timer)
    return exit
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** The failure that says how the process ended and why, as far as its log tells. */
  failure(what: string, exit?: ProcessExit): ProcessFailure {
    const end = readLogEnd(this.logPath, this.#logStartByte, logLinesMax)
    const how = exit === undefined ? '' : exit.signal ? ` (${exit.signal})` : ` (exit code ${exit.code})`
    const cause = end.cause ?? `no reason in its log, ${basename(this.logPath)}`
    return new ProcessFailure(
      end.code !== undefined && isErrorCode(end.code) ? end.code : 'internal',
      `${this.name} ${what}${how}: ${cause}`,
      {
        exit,
        logLines: end.lines,
        details: { process: this.name, log: this.logPath, ...end.details },
      },
    )
  }

  #spawn(): ChildProcess {
    const { environment, listenSettings, program } = this.plan
    const sameAddresses = Object.entries(this.#addresses).flatMap(([name, address]) => {
      const setting = listenSettings[name]
      return setting === undefined ? [] : [[setting, address]]
    })
    const log = openLog(this.logPath)
    this.#logStartByte = fstatSync(log).size
    try {
      return spawn(process.execPath, [program], {
        env: { ...environment, ...Object.fromEntries(sameAddresses) },
        stdio: ['ignore', log, log, 'ipc'],
        detached: true,
      })
    } finally {
      closeSync(log)
    }
  }

  #ready(child: ChildProcess, exited: Promise<ProcessExit>): Promise<Readonly<Record<string, string>>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(this.failure(`was not ready within ${startMsMax} ms`))
        child.kill('SIGKILL')
      }, startMsMax)
      child.on('message', message => {
        if (!isReady(message)) return
        clearTimeout(timer)
        resolve(message.addresses)
      })
      exited.then(exit => {
        clearTimeout(timer)
        reject(this.failure('could not start', exit))
      })
    })
  }
}

/** @throws HypershardError `invalid_config` for a path that will not do, `storage_full`, `storage_failed` */
function openLog(path: string): number {
  try {
    return openSync(path, 'a')
  } catch (error) {
    throw toFolderFailure(`log ${path}`, error)
  }
}

function isReady(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'ready'
}
