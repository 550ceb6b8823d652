import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '@hypershard/cli/testing'
import { readRun } from '@hypershard/evaluation'
import { madeUpDocuments, madeUpText, type TestCluster } from '@hypershard/harness/cluster'

export function evaluationTests(clusterOf: () => TestCluster): void {
  describe('hypershard eval on a cluster of processes', () => {
    const documents = madeUpDocuments(300)
    const queries = Array.from({ length: 40 }, (_, at) => ({ _id: `q${at}`, text: madeUpText(20_000 + at, 4) }))
    let cluster: TestCluster
    let at: (name: string) => string

    before(async () => {
      cluster = clusterOf()
      at = name => join(cluster.directory, name)
      await cluster.request('POST', '/v1/indexes', { name: 'judged', shards: 3 })
      await cluster.put('judged', documents)
      await writeFile(at('queries.jsonl'), queries.map(query => `${JSON.stringify(query)}\n`).join(''))
      const grades = queries.flatMap(({ _id }, query) =>
        [0, 1, 2, 3].map(nth => `${_id} 0 document-${(query * 7 + nth * 31) % 300} ${nth}\n`),
      )
      await writeFile(at('test.qrels'), grades.join(''))
    })

    async function evaluate(...words: string[]) {
      const { exitCode, stdout, stderr } = await runCommand([
        '--url',
        cluster.cluster.httpUrl,
        '--json',
        'eval',
        ...words,
        '--qrels',
        at('test.qrels'),
      ])
      assert.equal(exitCode, 0, stdout + stderr)
      return JSON.parse(stdout)
    }

    it("writes the cluster's order, ties included, as a run that is worth the same when it is judged alone", async () => {
      const words = ['judged', '--queries', at('queries.jsonl'), '--run', at('run.trec'), '--limit', '60']
      const asked = await evaluate(...words)
      assert.equal(asked.counts.hits, 40 * 60)
      const { run } = await readRun(at('run.trec'))
      let ties = 0
      for (const { _id, text } of queries) {
        const { body } = await cluster.search('judged', text, { k: 60, ids_only: true, plan: 'exact' })
        assert.deepEqual(
          run.get(_id)?.map(({ id }) => id),
          body.hits.map(({ id }) => id),
        )
        ties += body.hits.filter((hit, rank) => hit.score === body.hits[rank + 1]?.score).length
      }
      assert(ties > 40, `only ${ties} ties: the test does not test them`)
      const judged = await evaluate('--from-run', at('run.trec'), '--metrics', 'nDCG@10,MRR@10,MAP@60,Recall@60')
      assert.deepEqual(judged.metrics, asked.metrics)
      assert(asked.metrics.every(({ mean }: { mean: number }) => mean > 0 && mean < 1))
    })

    it('finds no difference between a cluster and its own run', async () => {
      const words = ['judged', '--queries', at('queries.jsonl'), '--limit', '60', '--compare', at('run.trec')]
      for (const metric of (await evaluate(...words)).comparison.metrics) {
        assert.deepEqual([metric.difference, metric.p_value, metric.ties], [0, 1, 40])
      }
    })
  })
}
