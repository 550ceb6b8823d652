/** The process of a `TestLane`: runs the files it is sent with mocha, and ends when the sender goes away. */
import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import Mocha from 'mocha'
import { type FileOutcome, outcomeMark } from './test-lane.ts'

const { timeout } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as { timeout: number }

/** Mocha's report of the tests, without the failures and counts at its end: those are for the whole run. */
class TestsReporter extends Mocha.reporters.Spec {
  override epilogue(): void {}
}

process.on('message', ({ file }: { file: string }) => void runFile(file).then(tell))
process.on('disconnect', () => process.exit())
// As mocha's own command does: it becomes an uncaught exception, which is a failure of the test that runs.
process.on('unhandledRejection', reason => {
  throw reason
})

async function runFile(file: string): Promise<FileOutcome> {
  const mocha = new Mocha({ timeout, reporter: TestsReporter, forbidOnly: Boolean(process.env.CI) })
  mocha.addFile(file)
  try {
    await mocha.loadFilesAsync()
  } catch (error) {
    return { passed: 0, failed: 1, skipped: 0, failureText: format('  it could not be loaded:', error) }
  }
  const failures: Mocha.Test[] = []
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  const runner = mocha.run(resolve).on('fail', test => failures.push(test))
  await ended
  const { passes, failures: failed, pending } = runner.stats!
  const failureText = failed === 0 ? '' : textOf(failures)
  // A runner that is done goes on listening for unhandled rejections otherwise, and all those that are done tell each other.
  mocha.dispose()
  const { heapUsed } = process.memoryUsage()
  return { passed: passes, failed, skipped: pending, failureText, heapBytes: heapUsed }
}

/** As mocha lists failures at the end of its report. */
function textOf(failures: Mocha.Test[]): string {
  const base = Mocha.reporters.Base as typeof Mocha.reporters.Base & { consoleLog: (...words: unknown[]) => void }
  const before = base.consoleLog
  const lines: string[] = []
  base.consoleLog = (...words) => void lines.push(format(...words))
  try {
    base.list(failures)
  } finally {
    base.consoleLog = before
  }
  return lines.join('\n')
}

function tell(outcome: FileOutcome): void {
  process.stdout.write(`${outcomeMark}${JSON.stringify(outcome)}\n`)
}
