import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@hypershard/client/node'
import { programEnvironment } from '@hypershard/harness'
import { startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { writeTinyCrossEncoder, writeTinyModel } from '@hypershard/harness/qnets'
import { repositoryRoot } from '../tidy/source-files.ts'

const run = promisify(execFile)

describe('a cluster with a cross-encoder', () => {
  let directory: string
  let cluster: TestCluster

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-rerank-'))
    const model = await writeTinyModel(directory)
    const crossEncoder = await writeTinyCrossEncoder(directory)
    cluster = await startTestCluster({ modelDirectories: [model.path, crossEncoder.path], shardServers: 1 })
  })

  after(async () => {
    await cluster?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  it('does what the guide to two-stage ranking shows', async () => {
    const page = await readFile(join(repositoryRoot, 'docs/guides/two-stage-ranking.md'), 'utf8')
    const [, program] = /```ts\n(.*?)```/s.exec(page)!
    const [, printed] = /It prints:\n\n```\n(.*?)```/s.exec(page)!
    await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
    const folder = await mkdtemp(join(repositoryRoot, '.cache/guide-'))
    try {
      await writeFile(join(folder, 'example.ts'), program!)
      const env = { ...programEnvironment, HYPERSHARD_URL: cluster.cluster.httpUrl }
      const { stdout } = await run(process.execPath, [join(folder, 'example.ts')], { env })
      assert.equal(stdout, printed)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('gives hits the same scores of pairs, to the bit, from any number of shards', async () => {
    const client = connect({ url: cluster.cluster.httpUrl })
    const words = ['stars', 'dust', 'moon', 'light', 'air']
    const documents = Array.from({ length: 40 }, (_, at) => ({
      id: `d${at}`,
      text: `${words[at % 5]} ${words[(at * 3) % 5]} ${'sky '.repeat(at % 7)}`,
    }))
    const answers = []
    for (const shards of [1, 4]) {
      await client.createIndex({ name: `of-${shards}`, shards })
      await client.putAll(`of-${shards}`, documents, { waitFor: 'searchable' })
      const rerank = { model: 'tiny-cross', candidates: 25, timeout_ms: 30_000 }
      const request = { query: 'stars and dust', k: 40, plan: 'exact', timeout_ms: 60_000, rerank } as const
      const { hits, rerank: outcome } = await client.search(`of-${shards}`, request)
      assert.deepEqual([outcome?.reranked, outcome?.documents], [true, 25])
      answers.push(hits.map(({ id, score, rerank_score: reranked }) => [id, score, reranked]))
    }
    assert.deepEqual(answers[0], answers[1])
  })
})
