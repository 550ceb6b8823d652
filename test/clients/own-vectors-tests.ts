import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@hypershard/client/node'
import { encodeNpyHeader } from '@hypershard/common'
import type { GivenQNet, QNetShape } from '@hypershard/contract'
import { programEnvironment } from '@hypershard/harness'
import type { TestCluster } from '@hypershard/harness/cluster'
import { repositoryRoot } from '../tidy/source-files.ts'

const run = promisify(execFile)

const papers = [
  { id: 'tides', title: 'Tides', year: 1969, vector: [1, 1, 0] },
  { id: 'stars', title: 'Stars', year: 2001, vector: [1, 0.5, 2] },
  { id: 'bread', title: 'Bread', year: 2020, vector: [0, 1, 0] },
]

export function ownVectorsTests(clusterOf: () => TestCluster): void {
  describe('vectors of your own and a cluster', () => {
    let cluster: TestCluster
    let folder: string

    before(async () => {
      await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
      folder = await mkdtemp(join(repositoryRoot, '.cache/own-vectors-'))
      cluster = clusterOf()
    })

    after(() => rm(folder, { recursive: true }))

    const environment = () => ({ ...programEnvironment, HYPERSHARD_URL: cluster.cluster.httpUrl })

    async function runShell(script: string): Promise<void> {
      const npx = `npx() { shift; "${process.execPath}" "${join(repositoryRoot, 'cli/src/main.ts')}" "$@"; }`
      await run('bash', ['-e', '-c', `${npx}\n${script}`], { cwd: folder, env: environment() })
    }

    async function runProgram(program: string): Promise<string> {
      await writeFile(join(folder, 'example.ts'), program)
      return (await run(process.execPath, [join(folder, 'example.ts')], { env: environment() })).stdout
    }

    it('do what their guide shows', async () => {
      const header = encodeNpyHeader({ rows: papers.length, width: 3, precision: 'f32' })
      const values = Float32Array.from(papers.flatMap(({ vector }) => vector))
      await writeFile(join(folder, 'papers.npy'), Buffer.concat([header, Buffer.from(values.buffer)]))
      const lines = papers.map(({ vector: _, ...paper }) => `${JSON.stringify(paper)}\n`).join('')
      await writeFile(join(folder, 'papers.jsonl'), lines)
      const page = await readFile(join(repositoryRoot, 'docs/guides/own-vectors.md'), 'utf8')
      const blocks = [...page.matchAll(/```(\w*)\n(.*?)```/gs)]
      assert.ok(blocks.length > 5)
      let printed = ''
      for (const [, language, text] of blocks as unknown as [string, string, string][]) {
        if (language === 'sh') await runShell(text)
        else if (language === 'ts') printed = await runProgram(text)
        else if (language === '' && !text.startsWith('npx ')) assert.equal(printed, text)
      }
    })

    it('are scored as PyTorch scores them by the networks of the examples', async () => {
      const text = await readFile(join(repositoryRoot, 'examples/expected.json'), 'utf8')
      const cases = JSON.parse(text) as readonly ExpectedScores[]
      assert.ok(cases.length >= 6)
      const client = connect({ url: cluster.cluster.httpUrl })
      for (const [at, { name, shape, qnet, vectors, scores }] of cases.entries()) {
        const index = `example-${at}`
        const own = { width: shape.vector_dimensions[0]!, scorer: shape }
        await client.createIndex({ name: index, model: 'external', vectors: own })
        const documents = vectors.map((vector, row) => ({ id: `${row}`, vector }))
        await client.putAll(index, documents, { waitFor: 'searchable' })
        const { hits } = await client.search(index, { qnet, k: 100, plan: 'exact', ids_only: true })
        assert.equal(hits.length, scores.length)
        const largest = Math.max(...scores.map(Math.abs))
        for (const { id, score } of hits) {
          const expected = scores[Number(id)]!
          assert.ok(
            Math.abs(score! - expected) <= 1e-5 * largest,
            `${name}: ${id} has ${score}, PyTorch gives ${expected}`,
          )
        }
      }
    })
  })
}

/** As `examples/write_expected.py` writes it. */
interface ExpectedScores {
  readonly name: string
  readonly shape: QNetShape
  readonly qnet: GivenQNet
  readonly vectors: readonly string[]
  readonly scores: readonly number[]
}
