import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyMutant } from './apply-mutant.ts'
import { copyTree } from './copy-tree.ts'
import { judgeOutcome, type Verdict } from './judge-outcome.ts'
import type { Mutant } from './mutant.ts'
import { runTestFile, type TestBounds } from './run-test-file.ts'

export interface JudgedMutant extends Verdict {
  readonly mutant: Mutant
  readonly tookMs: number
}

export interface MutantRun extends TestBounds {
  readonly repository: string
  readonly mutants: readonly Mutant[]
  /** Copies of the tree, each with one fault at a time. */
  readonly lanes: number
  readonly onBaseline: (file: string, problem: string | undefined) => void
  readonly onJudged: (judged: JudgedMutant) => void
}

/**
 * copy the tree → prove that the tests pass without a fault → plant one fault after the other and run its tests. The
 * working tree is only read.
 */
export async function runMutants(run: MutantRun): Promise<JudgedMutant[]> {
  const files = [...new Set(run.mutants.flatMap(({ tests }) => tests))].sort()
  const unfit = new Map<string, string>()
  await inLanes(run, files, async (root, file) => {
    const outcome = await runTestFile(root, file, run)
    const { result, why } = judgeOutcome(outcome)
    const problem = result === 'survived' && outcome.kind === 'ran' && outcome.passes > 0 ? undefined : why
    if (problem !== undefined) unfit.set(file, problem)
    run.onBaseline(file, problem)
  })
  const judged: JudgedMutant[] = []
  await inLanes(run, run.mutants, async (root, mutant) => {
    const startMs = performance.now()
    const verdict = await judgeMutant(root, mutant, unfit, run)
    const one = { ...verdict, mutant, tookMs: performance.now() - startMs }
    judged.push(one)
    run.onJudged(one)
  })
  return judged
}

/** The first of its test files that did not notice decides. */
async function judgeMutant(
  root: string,
  mutant: Mutant,
  unfit: ReadonlyMap<string, string>,
  bounds: TestBounds,
): Promise<Verdict> {
  const path = join(root, mutant.file)
  const source = readFileSync(path, 'utf8')
  const applied = applyMutant(mutant, source)
  if ('problem' in applied) return { result: 'stale', why: applied.problem }
  let verdict: Verdict = { result: 'stale', why: 'it names no tests' }
  writeFileSync(path, applied.text)
  try {
    for (const file of mutant.tests) {
      const problem = unfit.get(file)
      if (problem !== undefined) return { result: 'misfired', why: `${file} fails without a fault: ${problem}` }
      verdict = judgeOutcome(await runTestFile(root, file, bounds))
      if (verdict.result !== 'killed') return { ...verdict, why: `${file}: ${verdict.why}` }
    }
    return verdict
  } finally {
    writeFileSync(path, source)
  }
}

/** Gives each lane a copy of the tree, and the next item whenever it is free, until there are none or it is stopped. */
async function inLanes<Item>(
  { repository, lanes, signal }: MutantRun,
  items: readonly Item[],
  work: (root: string, item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const lane = async () => {
    const copy = copyTree(repository)
    try {
      for (let item = queue.shift(); item !== undefined && !signal.aborted; item = queue.shift()) {
        await work(copy.root, item)
      }
    } finally {
      copy.remove()
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
}
