import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from '../tidy/source-files.ts'
import type { Mutant } from './mutant.ts'
import { runMutants } from './run-mutants.ts'

const source = `/** The larger of two numbers. */
export function larger(a: number, b: number): number {
  const found = a > b ? a : b
  return found
}
`
const suite = `import assert from 'node:assert/strict'
import { larger } from './larger.ts'

describe('larger', () => {
  it('gives the larger', () => assert.equal(larger(1, 2), 2))
})
`
const broken = `it('fails always', () => { throw new Error('told to fail') })\n`

describe('planting faults in copies of a tree', () => {
  let tree: string

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'hypershard-tree-'))
    const files = { 'larger.ts': source, 'larger.test.ts': suite, 'broken.test.ts': broken }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(tree, name), text)
    writeFileSync(join(tree, 'package.json'), '{"type":"module"}')
    writeFileSync(join(tree, '.gitignore'), 'node_modules\n')
    symlinkSync(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'))
    execFileSync('git', ['init', '--quiet'], { cwd: tree })
  })

  afterEach(() => rmSync(tree, { recursive: true }))

  const mutant = (id: string, find: string, replace: string, test = 'larger.test.ts'): Mutant => ({
    id,
    file: 'larger.ts',
    find,
    replace,
    breaks: 'The larger number is given',
    tests: [test],
  })

  it('tells what was noticed, what was not, what no longer fits, and what fails for another reason', async () => {
    const baselines: string[] = []
    const judged = await runMutants({
      repository: tree,
      lanes: 2,
      msMax: 60_000,
      signal: new AbortController().signal,
      mutants: [
        mutant('noticed', 'a > b', 'a < b'),
        mutant('unnoticed', 'a > b', 'a >= b'),
        mutant('gone', 'a + b', 'a - b'),
        mutant('senseless', 'a > b', 'c > b'),
        mutant('unproven', 'a > b', 'a < b', 'broken.test.ts'),
      ],
      onBaseline: (file, problem) => baselines.push(`${file} ${problem === undefined ? 'passes' : 'fails'}`),
      onJudged: () => undefined,
    })
    assert.deepEqual(baselines.sort(), ['broken.test.ts fails', 'larger.test.ts passes'])
    assert.deepEqual(Object.fromEntries(judged.map(({ mutant: { id }, result }) => [id, result])), {
      noticed: 'killed',
      unnoticed: 'survived',
      gone: 'stale',
      senseless: 'misfired',
      unproven: 'misfired',
    })
    assert.equal(readFileSync(join(tree, 'larger.ts'), 'utf8'), source, 'the tree itself is only read')
  })
})
