/** `npm run test:mutants`: plants faults, one at a time, and says which the tests did not notice. */
import { parseArgs } from 'node:util'
import { repositoryRoot } from '../tidy/source-files.ts'
import { allMutants } from './all-mutants.ts'
import { type JudgedMutant, runMutants } from './run-mutants.ts'
import { selectMutants } from './select-mutants.ts'

const usage = `npm run test:mutants -- [words] [--list] [--jobs 2]
  words   only mutants with one of these in their id, or whose path begins so; all without
  --list  says what there is, and runs nothing
  --jobs  how many at a time
`

/** A test file takes seconds; with a fault in it, it may hang. */
const msMax = 120_000

const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(): Promise<number> {
  const options = {
    list: { type: 'boolean' },
    jobs: { type: 'string', default: '2' },
    help: { type: 'boolean' },
  } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const { selected, unknown } = selectMutants(allMutants, positionals)
  const lanes = Number(values.jobs)
  if (values.help || unknown.length > 0 || !(Number.isInteger(lanes) && lanes >= 1)) {
    if (unknown.length > 0) process.stderr.write(`no mutant has \`${unknown.join('`, `')}\` in its id; see --list\n`)
    process.stderr.write(usage)
    return values.help ? 0 : 2
  }
  if (values.list) {
    for (const { id, file, breaks } of selected) say(`${id.padEnd(36)} ${file}\n  ${breaks}`)
    say(`${selected.length} mutants`)
    return 0
  }
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort())
  const startMs = performance.now()
  const judged = await runMutants({
    repository: repositoryRoot,
    mutants: selected,
    lanes,
    msMax,
    signal: stop.signal,
    onBaseline: (file, problem) => {
      if (problem !== undefined) say(`${'fails'.padEnd(9)} ${file}, without any fault: ${problem}`)
    },
    onJudged: ({ mutant, result, why, tookMs }) => {
      const line = `${result.padEnd(9)} ${mutant.id.padEnd(36)} ${(tookMs / 1_000).toFixed(1).padStart(5)} s`
      say(result === 'killed' ? line : `${line}  ${why}`)
    },
  })
  if (stop.signal.aborted) say('stopped before the end')
  const exitCode = summarise(judged, performance.now() - startMs)
  return stop.signal.aborted ? 1 : exitCode
}

/** @returns the exit code: 0 when every fault was noticed */
function summarise(judged: readonly JudgedMutant[], tookMs: number): number {
  const results = ['killed', 'survived', 'stale', 'misfired'] as const
  const byPackage = Map.groupBy(judged, ({ mutant }) => mutant.file.split('/')[0]!)
  const row = (name: string, some: readonly JudgedMutant[]) => {
    const counts = results.map(result => some.filter(one => one.result === result).length)
    return `${name.padEnd(16)}${[some.length, ...counts].map(count => `${count}`.padStart(10)).join('')}`
  }
  say(`\n${'package'.padEnd(16)}${['mutants', ...results].map(title => title.padStart(10)).join('')}`)
  for (const [name, some] of [...byPackage].sort(([a], [b]) => (a < b ? -1 : 1))) say(row(name, some))
  say(row('all', judged))
  const left = judged.filter(({ result }) => result !== 'killed')
  for (const { mutant, result, why } of left) {
    say(`\n${result}: ${mutant.id} (${mutant.file})\n  breaks: ${mutant.breaks}\n  ${why}`)
  }
  say(`\n${judged.length} mutants in ${Math.round(tookMs / 1_000)} s, ${left.length} not killed`)
  return left.length === 0 ? 0 : 1
}

process.exitCode = await main()
