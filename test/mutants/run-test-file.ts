import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestFailure {
  readonly title: string
  readonly name: string
  readonly code: string
  readonly message: string
}

export type TestOutcome =
  | { readonly kind: 'ran'; readonly passes: number; readonly failures: readonly TestFailure[] }
  /** It ended before its tests were counted, as when a file cannot be loaded. */
  | { readonly kind: 'broken'; readonly output: string }
  | { readonly kind: 'outOfTime' }

/** For one test: longer than `eventually` waits, so that what never comes about fails by its own word. */
const testMsMax = 90_000

/** Of what a process says, the end that is kept for a report. */
const outputCharactersMax = 2_000

export interface TestBounds {
  readonly msMax: number
  /** Ends the tests as if their time were over. */
  readonly signal: AbortSignal
}

/** Runs one test file of a tree in a process of its own, until its first failure. */
export async function runTestFile(root: string, file: string, bounds: TestBounds): Promise<TestOutcome> {
  const report = join(tmpdir(), `hypershard-mutants-${randomUUID()}.json`)
  const mocha = join('node_modules', 'mocha', 'bin', 'mocha.js')
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${report}`]
  const words = [mocha, '--no-config', '--exit', '--bail', '--timeout', `${testMsMax}`, ...reporter, file]
  try {
    const { output, inTime } = await runBounded(words, root, bounds)
    return inTime ? readReport(report, output) : { kind: 'outOfTime' }
  } finally {
    rmSync(report, { force: true })
  }
}

function runBounded(words: readonly string[], cwd: string, { msMax, signal }: TestBounds) {
  return new Promise<{ output: string; inTime: boolean }>((resolve, reject) => {
    // A group of its own: what a test started ends with it.
    const child = spawn(process.execPath, words, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let inTime = true
    const take = (chunk: Buffer) => {
      output = `${output}${chunk}`.slice(-outputCharactersMax)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const endGroup = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    const end = () => {
      inTime = false
      endGroup()
    }
    const timer = setTimeout(end, msMax)
    signal.addEventListener('abort', end, { once: true })
    child.on('error', reject)
    child.on('exit', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      endGroup()
      resolve({ output, inTime })
    })
  })
}

interface MochaReport {
  readonly stats: { readonly passes: number }
  readonly failures: readonly {
    fullTitle: string
    err: { name?: string; stack?: string; code?: string; message?: string }
  }[]
}

function readReport(path: string, output: string): TestOutcome {
  let report: MochaReport
  try {
    report = JSON.parse(readFileSync(path, 'utf8')) as MochaReport
  } catch {
    return { kind: 'broken', output: output.trim() }
  }
  const failures = report.failures.map(({ fullTitle, err }) => ({
    title: fullTitle,
    // Mocha keeps an error's own properties; its class stands at the head of the stack.
    name: /^(?:Uncaught )?(\w*Error)/.exec(err.stack ?? '')?.[1] ?? err.name ?? '',
    code: err.code ?? '',
    message: err.message ?? '',
  }))
  return { kind: 'ran', passes: report.stats.passes, failures }
}
