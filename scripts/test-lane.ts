import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What came of one test file. */
export interface FileReport {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** All that was written meanwhile. */
  readonly output: string
  /** The failures alone; empty when there are none. */
  readonly failureText: string
}

export type FileOutcome = Omit<FileReport, 'file' | 'output'>

/** Begins the line on standard output with which a process ends a file: tests write no such character. */
export const outcomeMark = '\u0000outcome '

const program = fileURLToPath(new URL('./run-test-file.ts', import.meta.url))

/** How much of the output of a process that died is shown as its failure. */
const lastWordsMax = 2_000

/** A process that runs one test file after the other. After a failure it is replaced: a test may have left anything. */
export class TestLane {
  #process: ChildProcess | undefined

  /** Runs a file to its end, or to the end of the process, which is a failure. */
  async run(file: string): Promise<FileReport> {
    this.#process ??= spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const { output, outcome, end } = await runIn(this.#process, file)
    if (outcome === undefined) {
      this.#process = undefined
      const died = `  the process ended (${end}) before the file did; its last words:\n${output.slice(-lastWordsMax)}`
      return { file, output, passed: 0, failed: 1, skipped: 0, failureText: died }
    }
    if (outcome.failed > 0) this.end()
    return { file, output, ...outcome }
  }

  /** The process ends by itself once nobody is connected to it. */
  end(): void {
    this.#process?.disconnect()
    this.#process = undefined
  }
}

interface Ran {
  readonly output: string
  /** Undefined when the process died. */
  readonly outcome: FileOutcome | undefined
  /** Exit code or signal of a process that died. */
  readonly end?: string
}

function runIn(child: ChildProcess, file: string): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>()
  let output = ''
  const read = (chunk: string) => {
    output += chunk
    const at = output.indexOf(outcomeMark)
    if (at < 0 || !output.endsWith('\n')) return
    resolve({ output: output.slice(0, at), outcome: JSON.parse(output.slice(at + outcomeMark.length)) as FileOutcome })
  }
  const onClose = (code: number | null, signal: string | null) =>
    resolve({ output, outcome: undefined, end: signal ?? `exit code ${code}` })
  const streams = [child.stdout!.setEncoding('utf8'), child.stderr!.setEncoding('utf8')]
  for (const stream of streams) stream.on('data', read)
  // Comes after the last output, while `exit` may come before it.
  child.once('close', onClose)
  // A process that is gone tells so by `close`.
  child.send({ file }, () => undefined)
  return promise.finally(() => {
    for (const stream of streams) stream.off('data', read)
    child.off('close', onClose)
  })
}
