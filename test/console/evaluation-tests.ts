import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import {
  compareRuns,
  judgeRun,
  keepRankOrder,
  meanIntervals,
  parseMetric,
  type Run,
  runLines,
} from '@hypershard/evaluation'
import { madeUpDocuments } from '@hypershard/harness/cluster'
import type { Page } from 'playwright-core'
import type { SharedConsole } from './shared-console.ts'

const index = 'judged'
const metrics = ['nDCG@10', 'MRR@10', 'Recall@100']

/** Queries that are the texts of some documents, each with its document and its neighbours as the relevant ones. */
function judgedQueries() {
  const documents = madeUpDocuments(90)
  const asked = documents.filter((_, at) => at % 9 === 0)
  const queries = new Map(asked.map(({ text }, at) => [`q${at}`, text.slice(0, 60)]))
  const judgements = new Map(
    asked.map(({ id }, at) => [
      `q${at}`,
      new Map([
        [id, 2],
        [documents[9 * at + 1]!.id, 1],
        [documents[9 * at + 4]!.id, 0],
      ]),
    ]),
  )
  return { documents, queries, judgements }
}

const { documents, queries, judgements } = judgedQueries()
const fileOf = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
const queriesFile = fileOf(
  'queries.jsonl',
  [...queries].map(([_id, text]) => `${JSON.stringify({ _id, text })}\n`).join(''),
)
const judgementsFile = fileOf(
  'test.qrels',
  [...judgements]
    .flatMap(([query, grades]) => [...grades].map(([id, grade]) => `${query} 0 ${id} ${grade}\n`))
    .join(''),
)

export async function giveJudged(page: Page): Promise<void> {
  await page.getByLabel('Queries', { exact: true }).setInputFiles(queriesFile)
  await page.getByText(`${queries.size} queries of queries.jsonl.`).waitFor()
  await page.getByLabel('Judgements', { exact: true }).setInputFiles(judgementsFile)
  await page.getByText(`${judgements.size} judged queries of test.qrels.`).waitFor()
}

/** Evaluates the index twice, so that every part of the page is there. */
export async function evaluateTwice(page: Page): Promise<void> {
  await giveJudged(page)
  await page.getByRole('button', { name: 'Evaluate' }).click()
  await page.getByRole('heading', { name: `1. ${index}, exact`, exact: true }).waitFor()
  await page.getByLabel('Precision').selectOption('int8')
  await page.getByRole('button', { name: 'Evaluate' }).click()
  await page.getByRole('heading', { name: `2. ${index}, exact, int8 against 1. ${index}, exact` }).waitFor()
  await page.getByRole('button', { name: /^wins \d+$/ }).waitFor()
}

export const evaluationRoute = `#/evaluation?${new URLSearchParams({ index, metrics: metrics.join(', ') })}`

/** The index that the evaluation and the map are shown with; made once. */
export async function makeJudgedIndex({ cluster }: SharedConsole): Promise<void> {
  const made = await cluster.request('POST', '/v1/indexes', { name: index, shards: 2 })
  assert.equal(made.status, 201)
  const put = await cluster.put(index, documents)
  assert.deepEqual([put.status, put.body.failed], [200, 0])
}

export function evaluationTests(shared: SharedConsole): void {
  describe('evaluation', () => {
    async function runOf(options: object): Promise<Run> {
      const run = new Map()
      for (const [id, query] of queries) {
        const { body } = await shared.cluster.search(index, query, { k: 100, ids_only: true, ...options })
        run.set(id, keepRankOrder(body.hits))
      }
      return run
    }

    const cellsOf = async (page: Page, table: string) =>
      Promise.all(
        (await page.getByRole('region', { name: table }).getByRole('row').all()).map(row =>
          row.locator('th, td').allTextContents(),
        ),
      )

    it('has the numbers of `hypershard eval`, compares two runs, opens queries in the lab, and gives the run', async () => {
      const page = await shared.open(evaluationRoute, { key: 'search' })
      await evaluateTwice(page)
      const [own, other] = [await runOf({ plan: 'exact', precision: 'int8' }), await runOf({ plan: 'exact' })]
      const judge = (run: Run) => judgeRun(run, judgements, metrics.map(parseMetric))
      const [judged, beside] = [judge(own), judge(other)]
      const compared = compareRuns(judged, beside, { permutations: 100_000, seed: 1 })
      const [, ...rows] = await cellsOf(page, 'Metrics')
      const expected = metrics.map((name, at) => {
        const { low, high } = meanIntervals(judged)[at]!
        const { mean, otherMean, wins, ties, losses } = compared[at]!
        return [
          name,
          mean.toFixed(4),
          `${low.toFixed(4)} to ${high.toFixed(4)}`,
          otherMean.toFixed(4),
          `${wins}`,
          `${ties}`,
          `${losses}`,
        ]
      })
      assert.deepEqual(
        rows.map(([name, mean, interval, , otherMean, , , ...counts]) => [name, mean, interval, otherMean, ...counts]),
        expected,
      )
      assert(Number(expected[0]![1]) > 0)

      const saved = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download as TREC run' }).click()
      const download = await saved
      assert.equal(download.suggestedFilename(), '2.-judged-exact-int8.trec')
      assert.equal(await readFile(await download.path(), 'utf8'), [...runLines(own, 'hypershard')].join(''))

      const [, first] = await cellsOf(page, 'Queries by nDCG@10')
      const id = /^q\d+/.exec(first![0]!)![0]
      await page.getByRole('link', { name: `Lab: ${id}`, exact: true }).click()
      await page.getByRole('heading', { name: 'Search lab' }).waitFor()
      const { searchParams } = new URL(page.url().replace('#/lab', ''))
      assert.deepEqual(
        ['index', 'query', 'a', 'b'].map(name => searchParams.get(name)),
        [index, queries.get(id), '{"plan":"exact","precision":"int8"}', '{"plan":"exact"}'],
      )
      // Going away and back loses nothing.
      await page.goBack()
      await page.getByRole('heading', { name: /^2\. judged/ }).waitFor()
    })

    it('says what is wrong with a file, and judges a run of a file without asking anything', async () => {
      const page = await shared.open(evaluationRoute, { key: 'search' })
      await page
        .getByLabel('Judgements', { exact: true })
        .setInputFiles(fileOf('bad.qrels', 'q0 0 d1 2\nq0 0 d2 good\n'))
      await page.getByText('bad.qrels, line 2: the grade `good` is no whole number').waitFor()
      await giveJudged(page)
      const run = [...judgements].map(([query, grades]) => `${query} Q0 ${[...grades.keys()][0]} 1 1.5 mine\n`).join('')
      await page.getByLabel('A TREC run', { exact: true }).setInputFiles(fileOf('mine.trec', run))
      await page.getByRole('heading', { name: '1. mine.trec' }).waitFor()
      await page.getByRole('region', { name: 'Metrics' }).waitFor()
      const [, ndcg, mrr] = await cellsOf(page, 'Metrics')
      assert.deepEqual([mrr![1], mrr![2]], ['1.0000', '1.0000 to 1.0000'])
      assert(Number(ndcg![1]) < 1)
    })

    it('measures what a plan finds of what exact scoring finds, and can be cancelled', async () => {
      const page = await shared.open(evaluationRoute, { key: 'search' })
      await giveJudged(page)
      await page.getByRole('button', { name: 'Measure recall of this plan' }).click()
      await page.getByText('recall@100').waitFor()
      await page.getByText('1.0000', { exact: true }).waitFor()
      let held = 0
      await page.route('**/search', () => void held++)
      await page.getByRole('button', { name: 'Evaluate' }).click()
      await page.getByText(/^Asking the judged queries: 0 of/).waitFor()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText('Cancelled: nothing of it was kept.').waitFor()
      assert(held > 0 && held <= 4, `${held} searches at a time`)
      assert.equal(await page.getByRole('button', { name: 'Evaluate' }).isEnabled(), true)
    })
  })
}
