import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
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
  /** Processor time of the file, its process and the processes that it started and that have ended; 0 where it is not known. */
  readonly cpuSeconds: number
  /** What the process kept in its heap afterwards; undefined when it has ended. */
  readonly heapBytes?: number
}

export type FileOutcome = Omit<FileReport, 'file' | 'output' | 'cpuSeconds'>

/** Begins the line on standard output with which a process ends a file: tests write no such character. */
export const outcomeMark = '\u0000outcome '

const program = fileURLToPath(new URL('./run-test-file.ts', import.meta.url))

/** A process whose heap has grown beyond it is replaced: what tests leave behind adds up, to gigabytes in a whole run. */
const heapBytesMax = 2 ** 30

/** How much of the output of a process that died is shown as its failure. */
const lastWordsMax = 2_000

interface LaneProcess {
  readonly child: ChildProcess
  /** Settles when it has ended and all that it wrote has been read: with its exit code or signal. */
  readonly closed: Promise<string>
  /** What it wrote since the last file. */
  output: string
  onOutput: () => void
}

/**
 * A process that runs one test file after the other. After a failure, and once its heap is large, it is replaced: a test
 * may have left anything.
 */
export class TestLane {
  #process: LaneProcess | undefined
  /** What the process has used up to the end of the last file. */
  #cpuSeconds = 0

  /** Runs a file to its end, or to the end of the process, which is a failure even if it comes between two files. */
  async run(file: string): Promise<FileReport> {
    this.#process ??= startProcess()
    const { child, closed } = this.#process
    const before = this.#cpuSeconds
    // A process that is gone tells so by `closed`.
    child.send({ file }, () => undefined)
    const outcome = await Promise.race([this.#outcome(this.#process), closed])
    const { output } = this.#process
    this.#cpuSeconds = readCpuSeconds(child.pid!) ?? before
    const cpuSeconds = this.#cpuSeconds - before
    if (typeof outcome === 'string') {
      this.#process = undefined
      this.#cpuSeconds = 0
      const died = `  the process ended (${outcome}) before the file did; its last words:\n${output.slice(-lastWordsMax)}`
      return { file, output, passed: 0, failed: 1, skipped: 0, cpuSeconds, failureText: died }
    }
    this.#process.output = ''
    if (outcome.failed > 0 || (outcome.heapBytes ?? 0) > heapBytesMax) this.end()
    return { file, ...outcome, cpuSeconds, output: output.slice(0, output.indexOf(outcomeMark)) }
  }

  /** The process ends by itself once nobody is connected to it. */
  end(): void {
    if (this.#process?.child.connected === true) this.#process.child.disconnect()
    this.#process = undefined
    this.#cpuSeconds = 0
  }

  #outcome(lane: LaneProcess): Promise<FileOutcome> {
    return new Promise(resolve => {
      lane.onOutput = () => {
        const at = lane.output.indexOf(outcomeMark)
        const end = lane.output.indexOf('\n', at)
        if (at >= 0 && end >= 0) resolve(JSON.parse(lane.output.slice(at + outcomeMark.length, end)) as FileOutcome)
      }
    })
  }
}

function startProcess(): LaneProcess {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const closed = new Promise<string>(resolve => {
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const lane: LaneProcess = { child, closed, output: '', onOutput: () => undefined }
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      lane.output += chunk
      lane.onOutput()
    })
  }
  return lane
}

/** User and system time of a process and of its children that have ended, as Linux counts it, in ticks of 10 ms. */
function readCpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in brackets, may hold spaces: fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0)
  } catch {
    return undefined
  }
}
