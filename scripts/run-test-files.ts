/**
 * Runs test files in several processes side by side, each of which takes the next file when it is done with one. The
 * output of a file is shown when the file is done; after the last one all failures are shown again, and the last line
 * counts the tests. TEST_JOBS sets the number of processes; TEST_COSTS names a file to which the processor
 * time of each test file is added, in seconds.
 *
 * A process that dies is a failure of the file that it was running. Mocha's own parallel mode is not used because it
 * ends with exit code 0 then.
 */
import { appendFileSync, globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type FileReport, TestLane } from './test-lane.ts'

/** More make no use of a large machine: the longest files set the time by then. */
const jobsMax = 8

const named = process.argv.slice(2)
const waiting = named.length > 0 ? named : configuredFiles()
const reports: FileReport[] = []
const costs = process.env.TEST_COSTS

// Two even on one core: many tests wait for other processes.
const jobs = Number(process.env.TEST_JOBS ?? Math.min(jobsMax, Math.max(2, availableParallelism())))
const lanes = Array.from({ length: Math.min(jobs, waiting.length) }, () => new TestLane())
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const lane of lanes) lane.end()
    process.exit(1)
  })
}
await Promise.all(lanes.map(work))
report()

/** In the order in which they are started: what takes long comes first, so that no process is left alone with it. */
function configuredFiles(): string[] {
  const { spec } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as { spec: string[] }
  return [...new Set(spec.flatMap(pattern => globSync(pattern).sort()))]
}

async function work(lane: TestLane): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const done = await lane.run(file)
    process.stdout.write(done.output)
    reports.push(done)
    if (costs !== undefined) appendFileSync(costs, `${done.cpuSeconds.toFixed(2)}\t${file}\n`)
  }
  lane.end()
}

function report(): void {
  for (const { file, failureText } of reports) {
    if (failureText !== '') process.stdout.write(`\n${file}\n${failureText}\n`)
  }
  const sum = (count: (report: FileReport) => number) => reports.reduce((total, each) => total + count(each), 0)
  const [failed, skipped] = [sum(({ failed }) => failed), sum(({ skipped }) => skipped)]
  const passed = sum(({ passed }) => passed)
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  // Tests that were not found are no success.
  process.exitCode = failed > 0 || passed + skipped === 0 ? 1 : 0
}
