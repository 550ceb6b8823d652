import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readJudgements, readRun } from '../formats/read-files.ts'
import { judgeRun } from './judge-run.ts'
import { parseMetric } from './metric.ts'

interface ReferenceCase {
  readonly name: string
  readonly metrics: readonly string[]
  readonly means: readonly number[]
  readonly queries: Readonly<Record<string, readonly number[]>>
}

const folder = fileURLToPath(new URL('../../../test/fixtures/evaluation/', import.meta.url))
const { cases } = JSON.parse(readFileSync(`${folder}cases.json`, 'utf8')) as { cases: readonly ReferenceCase[] }
const tolerance = 1e-12

/** Made by training/hypershard_training/reference/evaluation.py. */
describe('metrics beside trec_eval, through pytrec_eval', () => {
  for (const { name, metrics, means, queries } of cases) {
    it(`are the same for ${name}: ${metrics.length} metrics of ${Object.keys(queries).length} queries`, async () => {
      const { judgements } = await readJudgements(`${folder}${name}.qrels`)
      const judged = judgeRun((await readRun(`${folder}${name}.trec`)).run, judgements, metrics.map(parseMetric))
      assert.deepEqual([...judged.values.keys()], Object.keys(queries))
      for (const [query, values] of judged.values) assertNear(values, queries[query]!, metrics, query)
      assertNear(judged.means, means, metrics, 'the mean')
    })
  }
})

function assertNear(values: readonly number[], expected: readonly number[], metrics: readonly string[], what: string) {
  for (const [at, value] of values.entries()) {
    const difference = Math.abs(value - expected[at]!)
    assert(difference <= tolerance, `${metrics[at]} of ${what}: ${value} instead of ${expected[at]}`)
  }
}
