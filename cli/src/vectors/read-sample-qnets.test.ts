import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSampleQNets } from './read-sample-qnets.ts'

describe('sample q-nets of a file', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-samples-'))
    path = join(folder, 'qnets.jsonl')
  })

  afterEach(() => rm(folder, { recursive: true }))

  const write = (count: number) => {
    const lines = Array.from({ length: count }, (_, at) => {
      return `${JSON.stringify({ id: `${at}`, qnet: { weights: Buffer.from([at, at, at]).toString('base64') } })}\n`
    })
    return writeFile(path, lines.join(''))
  }

  it('are as many as are taken, spread evenly over it', async () => {
    await write(128)
    const read = await readSampleQNets({ queryQnets: path })
    const numbers = read.map(({ qnet }) => Buffer.from(qnet!.weights, 'base64')[0])
    assert.deepEqual(
      numbers,
      Array.from({ length: 64 }, (_, at) => 2 * at),
    )
  })

  it('are none where they are taken back, and never a guess', async () => {
    assert.deepEqual(await readSampleQNets({ none: true }), [])
    await write(2)
    assert.equal((await readSampleQNets({ queryQnets: path })).length, 2)
    for (const options of [{}, { none: true, queryQnets: path }]) {
      await assert.rejects(readSampleQNets(options), { code: 'invalid_request', message: /give one of/ })
    }
  })
})
