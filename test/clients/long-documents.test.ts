import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { programEnvironment } from '@hypershard/harness'
import { type SearchAnswer, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { repositoryRoot } from '../tidy/source-files.ts'

const run = promisify(execFile)

/** Separate processes and the shipped model, which knows what a text is about. */
describe('a cluster with the shipped model', () => {
  let cluster: TestCluster

  before(async () => {
    const modelDirectories = [join(repositoryRoot, 'models/hypershard-mini')]
    // Measuring kernels takes longer than all texts here.
    const environment = { HYPERSHARD_ENCODER_KERNEL: 'fp32' }
    cluster = await startTestCluster({ modelDirectories, environment, shardServers: 1 })
  })

  after(() => cluster?.stop())

  /** Runs the program of a guide, which must print what the guide says. */
  async function checkGuide(name: string): Promise<void> {
    const page = await readFile(join(repositoryRoot, 'docs/guides', name), 'utf8')
    const [, program] = /```ts\n(.*?)```/s.exec(page)!
    const [, printed] = /It prints:\n\n```\n(.*?)```/s.exec(page)!
    await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
    const directory = await mkdtemp(join(repositoryRoot, '.cache/guide-'))
    try {
      await writeFile(join(directory, 'example.ts'), program!)
      const environment = { ...programEnvironment, HYPERSHARD_URL: cluster.cluster.httpUrl }
      const { stdout } = await run(process.execPath, [join(directory, 'example.ts')], { env: environment })
      assert.equal(stdout, printed)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  it('finds long documents by what stands at their end, as their guide shows', () => checkGuide('long-documents.md'))

  it('finds one of several things, as the guide to composed queries shows', async () => {
    const corpus = await readFile(join(repositoryRoot, 'sample/corpus.jsonl'), 'utf8')
    // Encoding all of the sample takes a while; these are what the guide finds, and others beside them.
    const subjects =
      /"_id": "(bicycle-maintenance-0|maps-navigation-0|oceans-tides-1|astronomy-|nutrition-0|railways-1)/
    const documents = corpus.split('\n').filter(line => subjects.test(line))
    await cluster.request('POST', '/v1/indexes', { name: 'sample', passages: false })
    await cluster.put(
      'sample',
      documents.map(line => {
        const { _id: id, ...rest } = JSON.parse(line)
        return { id, ...rest }
      }),
    )
    await checkGuide('composed-queries.md')
  })

  it('gives passages of long documents in code points, alike by every plan', async () => {
    const filler = Array.from({ length: 50 }, (_, at) => `Wave ${at} rolls 🦊 over the sand.`).join(' ')
    const end = 'The 🦊 lighthouse keeper plays chess on Tuesdays.'
    await cluster.request('POST', '/v1/indexes', { name: 'sea', passages: {} })
    const text = `${filler} ${end}`
    await cluster.put('sea', [
      { id: 'long', text },
      { id: 'short', text: 'A short text of the sea.' },
    ])
    const answers = await Promise.all(
      ['exact', 'tangent', 'graph', 'auto'].map(plan => cluster.search('sea', 'who plays chess', { plan })),
    )
    for (const { body } of answers) {
      assert.deepEqual(body.hits, answers[0]!.body.hits)
      assert.deepEqual(
        body.hits.map(({ id }) => id),
        ['long', 'short'],
      )
    }
    const { passage } = (answers[0]!.body as SearchAnswer).hits[0]!
    assert.ok(passage!.begin > 500 && passage!.end === [...text].length)
    assert.equal(passage!.text, [...text].slice(passage!.begin, passage!.end).join(''))
    assert.ok(passage!.text.endsWith(end))
  })
})
