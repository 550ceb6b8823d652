import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { captureLog, eventually, FakeEncoder, quietContext } from '@hypershard/harness'
import { openMembership } from '@hypershard/membership'
import { EncoderSet } from './encoder-set.ts'

describe('the encoder services of an indexer', () => {
  let fakes: Record<string, FakeEncoder>
  let set: EncoderSet
  let captured: ReturnType<typeof captureLog>

  beforeEach(() => {
    fakes = { 'a:1': new FakeEncoder(), 'b:1': new FakeEncoder() }
    captured = captureLog()
  })

  afterEach(() => set.close())

  async function open(): Promise<string> {
    const servers = Object.keys(fakes).map(address => ({ address, weight: 1, zone: '' }))
    const { log } = captured
    const membership = openMembership({ by: 'list', servers }, { kind: 'encoder', refreshMs: 1_000 }, log)
    set = new EncoderSet({ membership, connect: address => fakes[address]!, log })
    const { digest } = fakes['b:1']!.models[0]!
    await eventually(() => set.encodersOf(digest) === 2)
    return digest
  }

  const documents = Array.from({ length: 4 }, (_, at) => ({ title: '', text: `stars ${at}` }))

  it('share the batches, and do those of one that goes', async () => {
    const modelDigest = await open()
    const [a, b] = [fakes['a:1']!, fakes['b:1']!]
    const both = Promise.withResolvers<void>()
    for (const fake of [a, b]) {
      fake.beforeBatch = async () => {
        if (fake.documentsEncoded === 0) await both.promise
      }
    }
    const first = [1, 2].map(() => set.encodeDocuments({ modelDigest, documents }, quietContext()))
    both.resolve()
    await Promise.all(first)
    assert.deepEqual([a.documentsEncoded, b.documentsEncoded], [4, 4])
    a.failure = new HypershardError('unavailable', 'connection refused')
    const encoded = await Promise.all(
      Array.from({ length: 5 }, () => set.encodeDocuments({ modelDigest, documents }, quietContext())),
    )
    assert.deepEqual([encoded.length, b.documentsEncoded, set.encodersOf(modelDigest)], [5, 24, 1])
    assert.equal((await set.encodeQuery({ modelDigest, text: 'stars' }, quietContext())).qnet.modelDigest, modelDigest)
  })

  it('are told of once when they compute the vectors of a model differently', async () => {
    const other = fakes['b:1']!
    other.models = other.models.map((model, at) => (at === 0 ? { ...model, documentKernel: 'int8' } : model))
    await open()
    const told = () => captured.lines.filter(({ kernels }) => kernels !== undefined)
    await eventually(() => told().length > 0)
    assert.deepEqual(
      told().map(({ model, kernels, level }) => [model, kernels, level]),
      [['words', 'fp32, int8', 40]],
    )
  })
})
