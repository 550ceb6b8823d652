import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSourceFiles, repositoryRoot, workspaceOf } from '../tidy/source-files.ts'
import { allMutants } from './all-mutants.ts'
import { applyMutant } from './apply-mutant.ts'
import { judgeOutcome } from './judge-outcome.ts'
import type { TestOutcome } from './run-test-file.ts'
import { selectMutants } from './select-mutants.ts'

const mutantsMin = 60

function problemOf({ file, find, replace, tests }: (typeof allMutants)[number]): string | undefined {
  if (!existsSync(join(repositoryRoot, file))) return `${file} is not there`
  const gone = tests.filter(test => !test.endsWith('.test.ts') || !existsSync(join(repositoryRoot, test)))
  if (gone.length > 0 || tests.length === 0) return `its test files are not there: ${gone}`
  const applied = applyMutant({ file, find, replace }, readFileSync(join(repositoryRoot, file), 'utf8'))
  return 'problem' in applied ? `${file}: ${applied.problem}` : undefined
}

describe('the list of planted faults', () => {
  it('fits the source as it is', () => {
    const problems = allMutants.flatMap(mutant => {
      const problem = problemOf(mutant)
      return problem === undefined ? [] : [`${mutant.id}: ${problem}`]
    })
    assert.deepEqual(problems, [], 'say the fault anew where the code has changed: test/mutants/lists')
  })

  it('names each once and says what it breaks', () => {
    const ids = allMutants.map(({ id }) => id)
    assert.deepEqual(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      [],
    )
    for (const { id, find, replace, breaks } of allMutants) {
      assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/)
      assert.doesNotMatch(`${find}${replace}`, /\n/, `${id}: one line`)
      assert.match(breaks, /^\S.{15,}[^.]$/, `${id}: a sentence without a full stop`)
    }
  })

  it('has enough of them, in every package that people depend on', () => {
    assert.ok(allMutants.length >= mutantsMin, `${allMutants.length}`)
    const covered = new Set(allMutants.map(({ file }) => workspaceOf(file)))
    const packages = readSourceFiles().filter(({ path }) => path.endsWith('/src/index.ts'))
    for (const { path } of packages) {
      // Nobody depends on what tests and benchmarks alone use.
      if (!/^(bench|harness)\//.test(path))
        assert.ok(covered.has(workspaceOf(path)), `no fault in ${workspaceOf(path)}`)
    }
  })
})

describe('planting a fault', () => {
  const source = 'export const limit: number = 3\nexport const other = 3\n'

  it('changes the one place that it names', () => {
    const applied = applyMutant({ find: 'number = 3', replace: 'number = $&4' }, source)
    assert.deepEqual(applied, { text: source.replace('number = 3', () => 'number = $&4') })
  })

  it('leaves it to the tests what a file of another kind says', () => {
    const applied = applyMutant({ file: 'deploy/compose.yaml', find: 'true', replace: 'false' }, 'internal: true')
    assert.deepEqual(applied, { text: 'internal: false' })
  })

  for (const { find, replace, problem } of [
    { find: 'limit = 3', replace: 'limit = 4', problem: 'its text is not found' },
    { find: '= 3', replace: '= 4', problem: 'its text stands there 2 times' },
    { find: 'other = 3', replace: 'other = 3', problem: 'it changes nothing' },
    { find: 'other = 3', replace: 'other = (3', problem: 'with it the file is no TypeScript' },
  ]) {
    it(`is refused when ${problem}`, () => assert.deepEqual(applyMutant({ find, replace }, source), { problem }))
  }
})

describe('the verdict on a fault', () => {
  const failure = {
    title: 'merging keeps the order',
    name: 'AssertionError',
    code: 'ERR_ASSERTION',
    message: '1 !== 2',
  }
  const ran = (...failures: (typeof failure)[]): TestOutcome => ({ kind: 'ran', passes: 3, failures })
  const cases: readonly { what: string; outcome: TestOutcome; result: string }[] = [
    { what: 'a test that failed', outcome: ran(failure), result: 'killed' },
    { what: 'no test that failed', outcome: ran(), result: 'survived' },
    {
      what: 'a test that ran out of time',
      outcome: ran({ ...failure, code: 'ERR_MOCHA_TIMEOUT' }),
      result: 'misfired',
    },
    { what: 'a name that does not exist', outcome: ran({ ...failure, name: 'ReferenceError' }), result: 'misfired' },
    {
      what: 'a file that is not there',
      outcome: ran({ ...failure, code: 'ERR_MODULE_NOT_FOUND' }),
      result: 'misfired',
    },
    { what: 'a process that ended without a report', outcome: { kind: 'broken', output: 'oh' }, result: 'misfired' },
    { what: 'a process that hung', outcome: { kind: 'outOfTime' }, result: 'misfired' },
  ]
  for (const { what, outcome, result } of cases) {
    it(`is ${result} for ${what}`, () => assert.equal(judgeOutcome(outcome).result, result))
  }
})

describe('choosing planted faults', () => {
  it('takes those with a word in their id or at the beginning of their path, and tells words that none has', () => {
    const { selected, unknown } = selectMutants(allMutants, ['cursor', 'no-such-fault'])
    assert.ok(selected.length > 0 && selected.every(({ id }) => id.includes('cursor')))
    assert.deepEqual(unknown, ['no-such-fault'])
    const ofQnet = selectMutants(allMutants, ['qnet/']).selected
    assert.ok(ofQnet.length > 0 && ofQnet.every(({ file }) => workspaceOf(file) === 'qnet'))
    assert.equal(selectMutants(allMutants, []).selected.length, allMutants.length)
  })
})
