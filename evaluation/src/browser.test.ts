import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { build } from 'esbuild'
import { compareRuns, judgeRun, meanIntervals, parseMetric, readJudgements, readRun } from './index.ts'

/** What a page has; nothing of Node. */
const browser = { TextDecoder, AbortController, setTimeout, Uint8Array }

const folder = fileURLToPath(new URL('../../test/fixtures/evaluation/', import.meta.url))
const { cases } = JSON.parse(readFileSync(`${folder}cases.json`, 'utf8')) as { cases: readonly { name: string }[] }
const { name } = cases[0]!
const metrics = ['nDCG@10', 'MRR@10', 'Recall@100']
const options = { permutations: 2_000, seed: 1 }

describe('evaluation in a browser', () => {
  it('is one script with the numbers that Node gives, from texts that a page has', async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('./browser.ts', import.meta.url))],
      bundle: true,
      minify: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      globalName: 'evaluation',
      logLevel: 'silent',
    })
    const script = outputFiles[0]!.text
    assert.ok(script.length < 32 * 1024, `${script.length} bytes`)
    const texts = [`${folder}${name}.qrels`, `${folder}${name}.trec`].map(path => readFileSync(path))
    const run = `(async () => {
      const [{ judgements }, { run }] = await Promise.all([
        evaluation.parseJudgements({ path: 'pasted', bytes: [texts[0]] }),
        evaluation.parseRun({ path: 'pasted', bytes: [texts[1].subarray(0, 1000), texts[1].subarray(1000)] }),
      ])
      const of = run => evaluation.judgeRun(run, judgements, ${JSON.stringify(metrics)}.map(evaluation.parseMetric))
      const [judged, none] = [of(run), of(new Map())]
      const compared = evaluation.compareRuns(judged, none, ${JSON.stringify(options)})
      return JSON.stringify({ means: judged.means, intervals: evaluation.meanIntervals(judged), compared })
    })()`
    const answer = await vm.runInNewContext(`${script};${run}`, { ...browser, texts })
    const { judgements } = await readJudgements(`${folder}${name}.qrels`)
    const of = (given: Parameters<typeof judgeRun>[0]) => judgeRun(given, judgements, metrics.map(parseMetric))
    const judged = of((await readRun(`${folder}${name}.trec`)).run)
    const expected = {
      means: judged.means,
      intervals: meanIntervals(judged),
      compared: compareRuns(judged, of(new Map()), options),
    }
    assert.deepEqual(JSON.parse(answer), expected)
    assert(judged.means[0]! > 0)
  })
})
