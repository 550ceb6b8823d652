import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeNpyHeader } from '@hypershard/common'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'
import { openVectors, type VectorOptions } from './open-vectors.ts'

const digest = 'd'.repeat(64)

describe('--vectors of a put', () => {
  let folder: string
  let vectors: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-vectors-'))
    vectors = join(folder, 'papers.npy')
    const header = encodeNpyHeader({ rows: 2, width: 2, precision: 'f32' })
    await writeFile(vectors, Buffer.concat([header, Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)]))
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function open(options: VectorOptions, own: { readonly width: number } | undefined) {
    const model = { name: 'minilm', digest }
    const described = { name: 'papers', model, ...(own && { vectors: { ...own, scorer: 'inner_product' } }) }
    const api = { describeIndex: async () => described } as unknown as Parameters<typeof openVectors>[0]
    return openVectors(api, 'papers', options)
  }

  it('are of the model of the index, or of none where it has none', async () => {
    const ofModel = await open({ vectors, vectorsModel: digest }, undefined)
    const external = await open({ vectors }, { width: 2 })
    assert.deepEqual(
      [ofModel?.modelDigest, external?.modelDigest, await open({}, undefined)],
      [digest, undefined, undefined],
    )
  })

  const faults: readonly [string, Partial<VectorOptions>, { width: number } | undefined, string, RegExp][] = [
    ['without their model', {}, undefined, 'invalid_request', /must be the digest .* d{64} \(minilm\); it is missing/],
    ['of another model', { vectorsModel: 'e'.repeat(64) }, undefined, 'model_mismatch', /d{64} .*; this is e{64}/],
    ['of a model where there is none', { vectorsModel: digest }, { width: 2 }, 'invalid_request', /leave it out/],
    ['of another width', {}, { width: 3 }, 'invalid_request', /rows have 2 values, .* index papers have 3/],
  ]
  for (const [what, given, own, code, message] of faults) {
    it(`are refused ${what}, before anything is sent`, async () => {
      await assert.rejects(open({ vectors, ...given }, own), { code, message })
    })
  }

  it('go with the lines that they belong to', async () => {
    const server: TestServer = await serve(createFakeApi())
    try {
      const run = (...words: string[]) => runCommand(['--url', server.url, '--json', ...words], { stdin: lines })
      const lines = '{"id":"a","text":"x"}\n{"id":"b","text":"y"}\n'
      const { model } = JSON.parse((await run('index', 'create', 'papers')).stdout)
      const put = await run('documents', 'put', 'papers', '-', '--vectors', vectors, '--vectors-model', model.digest)
      assert.equal(JSON.parse(put.stdout).accepted, 2)
      const { hits } = JSON.parse((await run('search', 'papers', 'y')).stdout)
      const { fields } = hits.find(({ id }: { id: string }) => id === 'b')
      const values = Buffer.from(Float32Array.of(3, 4).buffer).toString('base64')
      assert.deepEqual(fields.vector, { model: model.digest, precision: 'f32', values })
      const lone = await run('documents', 'put', 'papers', '-', '--tensor', 'x')
      assert.match(lone.stdout + lone.stderr, /--tensor: only with --vectors/)
    } finally {
      server.close()
    }
  })
})
