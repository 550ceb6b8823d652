import assert from 'node:assert/strict'
import { Deadline, systemClock } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { type ModelSettings, modelFormat } from '@hypershard/qnet'
import { Encoder } from './encoder.ts'
import type { Input, LoadedModel, Operation, Output, QueryWork } from './encoding/worker-protocol.ts'
import type { EncodingPort } from './ports.ts'

const width = 2
const limits = { tokenBudgetMax: 64, queueTokensMax: 10_000 }

/** Stands in for the workers: a text has a token a character, its vector is [length, model], and calls are kept. */
class FakeWorker implements EncodingPort {
  readonly models: readonly LoadedModel[]
  readonly crossEncoders = []
  readonly calls: { operation: Operation; texts: number }[] = []
  /** Calls of this operation are not answered until `release`. */
  held: Operation | undefined
  readonly #heldCalls: (() => void)[] = []

  constructor(models: readonly LoadedModel[]) {
    this.models = models
  }

  async call<Name extends Operation>(operation: Name, input: Input<Name>): Promise<Output<Name>> {
    const { output, texts } = answerOf(input)
    this.calls.push({ operation, texts })
    if (operation === this.held) await new Promise<void>(resolve => this.#heldCalls.push(resolve))
    return output as Output<Name>
  }

  release(): void {
    this.held = undefined
    for (const answer of this.#heldCalls.splice(0)) answer()
  }
}

function answerOf(input: Input<Operation>): { output: Output<Operation>; texts: number } {
  if ('texts' in input) {
    const output = input.texts.map(text => ({
      ids: new Int32Array(Math.min(32, text.length)),
      truncated: text.length > 32,
      textTokens: Math.min(32, text.length),
      unknownTokens: 0,
    }))
    return { output, texts: input.texts.length }
  }
  if ('ids' in input) {
    const output = Float32Array.from(input.ids.flatMap(ids => [ids.length, input.model]))
    return { output, texts: input.ids.length }
  }
  if ('documents' in input) {
    const whole = ({ text }: { text: string }) => ({
      begins: [0],
      ends: [text.length],
      titleApart: false,
      cutOff: false,
    })
    return { output: input.documents.map(whole), texts: input.documents.length }
  }
  assert('queries' in input)
  const output = input.queries.map(({ text }) =>
    text === 'bad'
      ? { failure: { code: 'invalid_request' as const, message: 'too bad', details: {} }, stack: undefined }
      : {
          bytes: new Uint8Array(4),
          digest: text,
          tokens: text.length,
          truncated: false,
          textTokens: text.length,
          unknownTokens: 0,
        },
  )
  return { output, texts: input.queries.length }
}

function modelOf(vectorDimensions: number[]): LoadedModel {
  const settings: ModelSettings = {
    format: modelFormat,
    name: 'fake',
    description: '',
    license: 'Apache-2.0',
    source: '',
    tokenizer: { file: 't', maxQueryTokens: 8, maxDocumentTokens: 32 },
    encoder: { query: 'e', document: 'e', hiddenWidth: width },
    documentHead: { pooling: 'mean', normalize: false },
    hyperHead: { kind: 'attention', file: 'h' },
    qnet: {
      vectorDimensions,
      activation: 'relu',
      layerNorm: false,
      layerNormBeforeResidual: false,
      residual: false,
      residualOnLast: false,
    },
    files: {},
  }
  return {
    digest: vectorDimensions.join(),
    settings,
    languages: [],
    bytes: 1,
    path: '',
    interprets: false,
    kernel: 'fp32',
    choice: '',
  }
}

function query(text: string): QueryWork {
  return { text, wish: { form: 'weights', precision: 'f32' } }
}

describe('the encoder', () => {
  it('gives documents their vectors in order, from the model they were sent to', async () => {
    const worker = new FakeWorker([modelOf([width, 1]), modelOf([width, 3, 1])])
    const encoder = new Encoder(worker, limits, systemClock)
    const lengths = Array.from({ length: 50 }, (_, index) => 1 + ((index * 17) % 40))
    const texts = lengths.map(length => 'x'.repeat(length))
    const [first, second] = await Promise.all(
      [0, 1].map(model => encoder.encodeDocuments(model, texts, quietContext())),
    )
    const expected = (model: number) => Float32Array.from(lengths.flatMap(length => [Math.min(32, length), model]))
    assert.deepEqual(first?.vectors, expected(0))
    assert.deepEqual(second?.vectors, expected(1))
    assert.equal(first?.truncated, lengths.filter(length => length > 32).length)
  })

  it('tokenises long documents in parts, so that queries need not wait for all of them', async () => {
    const worker = new FakeWorker([modelOf([width, 1])])
    const encoder = new Encoder(worker, limits, systemClock)
    const texts = [40_000, 20_000, 10_000, 200_000, 1, 2].map(length => 'x'.repeat(length))
    await encoder.encodeDocuments(0, texts, quietContext())
    const parts = worker.calls.filter(call => call.operation === 'tokenizeDocuments').map(call => call.texts)
    assert.deepEqual(parts, [2, 1, 1, 2])
  })

  it('cuts documents in parts too, and gives their passages in order', async () => {
    const worker = new FakeWorker([modelOf([width, 1])])
    const encoder = new Encoder(worker, limits, systemClock)
    const lengths = [40_000, 20_000, 10_000, 200_000, 1]
    const documents = lengths.map(length => ({ title: '', text: 'x'.repeat(length) }))
    const cut = await encoder.cutDocuments(0, documents, { overlap: 0, context: quietContext() })
    assert.deepEqual(
      cut.map(({ ends }) => ends),
      lengths.map(length => [length]),
    )
    assert.deepEqual(
      worker.calls.map(({ texts }) => texts),
      [2, 1, 1, 1],
    )
  })

  it('shares a batch between small q-nets that come while one is made, and makes large ones one by one', async () => {
    // 1,900 x 1,900 weights in f32 are 14 MB, as those of the published width-768, depth-6 q-net.
    const worker = new FakeWorker([modelOf([width, 1]), modelOf([1900, 1900, 1])])
    const encoder = new Encoder(worker, limits, systemClock)
    const batchesOf = async (model: number) => {
      worker.calls.length = 0
      worker.held = 'encodeQueries'
      const asked = ['a', 'b', 'c', 'd'].map(text => encoder.encodeQuery(model, query(text), quietContext()))
      await until(() => worker.calls.length > 0)
      worker.release()
      await Promise.all(asked)
      return worker.calls.map(call => call.texts)
    }
    assert.deepEqual(await batchesOf(0), [1, 3])
    assert.deepEqual(await batchesOf(1), [1, 1, 1, 1])
  })

  for (const [held, other] of [
    ['encodeDocuments', 'queries'],
    ['tokenizeDocuments', 'queries'],
    ['encodeQueries', 'documents'],
  ] as const) {
    it(`answers ${other} while ${held} takes as long as it likes`, async () => {
      const worker = new FakeWorker([modelOf([width, 1])])
      const encoder = new Encoder(worker, limits, systemClock)
      worker.held = held
      const askQuery = () => encoder.encodeQuery(0, query('a'), quietContext())
      const askDocuments = () => encoder.encodeDocuments(0, ['x', 'y'], quietContext())
      const waiting = other === 'queries' ? askDocuments() : askQuery()
      await until(() => worker.calls.some(call => call.operation === held))
      await (other === 'queries' ? askQuery() : askDocuments())
      worker.release()
      await waiting
    })
  }

  it('counts the texts that wait for a batch, each in its lane', async () => {
    const worker = new FakeWorker([modelOf([width, 1])])
    const encoder = new Encoder(worker, limits, systemClock)
    worker.held = 'encodeQueries'
    const asked = ['a', 'b', 'c'].map(text => encoder.encodeQuery(0, query(text), quietContext()))
    await until(() => worker.calls.length > 0)
    // The first is not waiting: it is being encoded.
    assert.deepEqual(encoder.waiting, { query: 2, document: 0, pair: 0 })
    worker.release()
    await Promise.all(asked)
    assert.deepEqual(encoder.waiting, { query: 0, document: 0, pair: 0 })
  })

  it('turns away what comes on top of what a lane holds; queries and documents have room of their own', async () => {
    const encoder = new Encoder(new FakeWorker([modelOf([width, 1])]), { ...limits, queueTokensMax: 8 }, systemClock)
    const asked = [
      encoder.encodeQuery(0, query('a'), quietContext()),
      encoder.encodeQuery(0, query('b'), quietContext()),
      encoder.encodeDocuments(0, ['x'.repeat(6)], quietContext()),
      encoder.encodeDocuments(0, ['y'], quietContext()),
      encoder.encodeDocuments(0, ['z'.repeat(7)], quietContext()),
    ]
    const codes = (await Promise.allSettled(asked)).map(one => (one.status === 'fulfilled' ? 'done' : one.reason.code))
    assert.deepEqual(codes, ['done', 'overloaded', 'done', 'overloaded', 'request_too_large'])
    await encoder.encodeQuery(0, query('b'), quietContext())
  })

  it('fails only the query that failed', async () => {
    const encoder = new Encoder(new FakeWorker([modelOf([width, 1])]), limits, systemClock)
    const outcomes = await Promise.allSettled(
      ['good', 'bad', 'better'].map(text => encoder.encodeQuery(0, query(text), quietContext())),
    )
    const results = outcomes.map(outcome =>
      outcome.status === 'fulfilled' ? outcome.value.answers[0]?.digest : outcome.reason.message,
    )
    assert.deepEqual(results, ['good', 'too bad', 'better'])
  })

  it('does nothing for a caller with no time left', async () => {
    const worker = new FakeWorker([modelOf([width, 1])])
    const encoder = new Encoder(worker, limits, systemClock)
    const late = quietContext(Deadline.after(0))
    await assert.rejects(encoder.encodeQuery(0, query('a'), late), { code: 'deadline_exceeded' })
    await assert.rejects(encoder.encodeDocuments(0, ['a'], late), { code: 'deadline_exceeded' })
    assert.deepEqual(worker.calls, [])
  })
})

/** Waits for what other callbacks of this thread bring about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}
