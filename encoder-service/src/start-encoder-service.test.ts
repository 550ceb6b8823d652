import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, status } from '@grpc/grpc-js'
import { Deadline, quietTelemetry, readConfig, silentLogger } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { eventually } from '@hypershard/harness'
import { type TinyModel, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { startRedisServer } from '@hypershard/harness/servers'
import { firstServers, openMembership } from '@hypershard/membership'
import {
  type EncodeDocumentsResponse,
  type EncodeQueryRequest,
  type EncodeQueryResponse,
  EncoderServiceClient,
  QueryForm,
} from '@hypershard/proto/encoder'
import { encodedDocumentsMax, queryCharactersMax } from '@hypershard/proto/limits'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import {
  architectureFromProto,
  precisionFromProto,
  qnetDigest,
  tokenStatesBytes,
  tokenStatesDigest,
} from '@hypershard/qnet'
import { encoderServiceConfig } from './config.ts'
import { type RunningEncoderService, startEncoderService } from './start-encoder-service.ts'
import { minilmPath } from './testing/minilm-reference.ts'

describe('the encoder service', () => {
  let parent: string
  let model: TinyModel
  let service: RunningEncoderService | undefined
  let client: EncoderServiceClient

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-encoder-'))
    model = await writeTinyModel(parent, { qnet: tinyArchitecture })
  })
  afterEach(async () => {
    client?.close()
    await service?.stop()
    service = undefined
    await rm(parent, { recursive: true })
  })

  async function start(settings: Record<string, string> = {}): Promise<RunningEncoderService> {
    const environment = {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: model.path,
      HYPERSHARD_ENCODER_THREADS: '1',
      // What is stopped as here, with nothing said of a drain, is not kept waiting by it.
      HYPERSHARD_ENCODER_DRAIN_MS: '60000',
      ...settings,
    }
    service = await startEncoderService(readConfig(encoderServiceConfig, environment), quietTelemetry())
    client = connectClient(EncoderServiceClient, service.addresses.grpc!)
    return service
  }

  function encodeQuery(
    request: Partial<EncodeQueryRequest> = {},
    deadline = Deadline.after(60_000),
  ): Promise<EncodeQueryResponse> {
    const whole = {
      modelDigest: '',
      text: 'why do stars twinkle',
      form: QueryForm.QUERY_FORM_WEIGHTS,
      precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
      ...request,
    }
    return callUnary(client.encodeQuery.bind(client), whole, deadline, 'encoder')
  }

  function encodeDocuments(
    documents: { title: string; text: string }[],
    modelDigest = '',
  ): Promise<EncodeDocumentsResponse> {
    const deadline = Deadline.after(60_000)
    return callUnary(client.encodeDocuments.bind(client), { modelDigest, documents }, deadline, 'encoder')
  }

  it('describes its models, the default first', async () => {
    const dense = await writeTinyModel(parent, { name: 'dense', hiddenWidth: 8 })
    await start({ HYPERSHARD_MODELS: `${model.path}, ${dense.path}` })
    const { models } = await callUnary(client.listModels.bind(client), {}, Deadline.after(5_000), 'encoder')
    assert.deepEqual(
      models.map(({ name, digest, vectorWidth, qnetParameters }) => ({ name, digest, vectorWidth, qnetParameters })),
      [
        { name: 'tiny', digest: model.digest, vectorWidth: 16, qnetParameters: 2 * (256 + 16) + 16 },
        { name: 'dense', digest: dense.digest, vectorWidth: 8, qnetParameters: 8 },
      ],
    )
    assert.deepEqual(models[0]?.architecture?.vectorDimensions, [16, 16, 16, 1])
    assert.deepEqual([models[0]?.maxQueryTokens, models[0]?.maxDocumentTokens], [32, 64])
  })

  it('announces itself with its models while it serves', async function () {
    const redis = await startRedisServer()
    if (redis === undefined) return this.skip()
    const options = { kind: 'encoder', refreshMs: 50 } as const
    const membership = openMembership({ by: 'redis', url: redis.url }, options, silentLogger())
    try {
      await start({ HYPERSHARD_MEMBERSHIP_REDIS_URL: redis.url, HYPERSHARD_MEMBERSHIP_WEIGHT: '2' })
      const { servers } = await firstServers(membership, Deadline.after(60_000))
      assert.deepEqual(servers, [{ address: service!.addresses.grpc, weight: 2, zone: '' }])
      await service!.stop()
      service = undefined
      await eventually(() => membership.currentView().servers.length === 0)
    } finally {
      membership.close()
      await redis.stop()
    }
  })

  it('tells the languages that a model was made for, where its directory does', async () => {
    const other = await writeTinyModel(parent, { name: 'silent' })
    await writeFile(join(model.path, 'about.json'), '{ "languages": ["en", "pt-BR"] }')
    await start({ HYPERSHARD_MODELS: `${model.path}, ${other.path}` })
    const { models } = await callUnary(client.listModels.bind(client), {}, Deadline.after(5_000), 'encoder')
    assert.deepEqual(
      models.map(({ languages }) => languages),
      [['en', 'pt-BR'], []],
    )
    assert.equal(models[0]!.digest, model.digest)
  })

  it('answers with a q-net that a shard server takes, or with token states without padding', async () => {
    await start()
    const weights = await encodeQuery({ precision: WeightsPrecision.WEIGHTS_PRECISION_INT8 })
    assert(weights.query?.$case === 'qnet')
    assert.equal(weights.query.value.modelDigest, model.digest)
    const qnet = weights.query.value
    assert.deepEqual(architectureFromProto(qnet.architecture), tinyArchitecture)
    assert.equal(precisionFromProto(qnet.precision), 'int8')
    assert.equal(qnet.digest, qnetDigest(tinyArchitecture, 'int8', qnet.weights))
    const states = await encodeQuery({ form: QueryForm.QUERY_FORM_TOKEN_STATES })
    assert(states.query?.$case === 'tokenStates')
    const { tokens, width, states: bytes, modelDigest, digest } = states.query.value
    assert.deepEqual([modelDigest, tokens, width], [model.digest, states.tokens, 16])
    assert.equal(bytes.length, tokenStatesBytes({ tokens, width }))
    assert.equal(digest, tokenStatesDigest(modelDigest, { tokens, width }, bytes))
    assert.equal(states.truncated, false)
    assert.equal((await encodeQuery({ text: 'word '.repeat(100) })).truncated, true)
  })

  it('gives a large request of documents its vectors in order, spread over batches', async () => {
    const running = await start({ HYPERSHARD_ENCODER_TOKEN_BUDGET: '128' })
    const documents = Array.from({ length: encodedDocumentsMax }, (_, index) => ({
      title: index % 3 === 0 ? `title ${index}` : '',
      text: `document ${index} `.repeat(1 + (index % 12)),
    }))
    const { vectors, vectorWidth, truncated } = await encodeDocuments(documents)
    assert.deepEqual([vectorWidth, vectors.length], [16, 4 * 16 * encodedDocumentsMax])
    for (const index of [0, 1, 500, 1023]) {
      const alone = await encodeDocuments([documents[index]!])
      assert.deepEqual(alone.vectors, vectors.subarray(64 * index, 64 * (index + 1)))
    }
    assert(truncated > 0 && truncated < encodedDocumentsMax, String(truncated))
    const { batches, tokens, paddedTokens } = running.statistics().document
    assert(batches > 100)
    assert(paddedTokens < 1.1 * tokens, `${paddedTokens} padded tokens for ${tokens}`)
  })

  it('tells of every text how much of it the model can read', async () => {
    await start()
    const { textTokens, unknownTokens } = await encodeDocuments([
      { title: 'stars', text: '婚礼' },
      { title: '', text: '🦊' },
      { title: '', text: '\u0001' },
      { title: '', text: 'a'.repeat(200_000) },
      { title: '', text: 'ab cd' },
    ])
    assert.deepEqual(unknownTokens, [2, 1, 0, 1, 0])
    assert.deepEqual(textTokens, [2 + 3, 1, 0, 1, 2])
    for (const form of [QueryForm.QUERY_FORM_WEIGHTS, QueryForm.QUERY_FORM_TOKEN_STATES]) {
      const query = await encodeQuery({ text: '婚礼 ab', form })
      assert.deepEqual([query.textTokens, query.unknownTokens, query.tokens], [3, 2, 5])
    }
  })

  it('cuts a document that is longer than the model reads into passages that it reads whole', async () => {
    await start()
    const text = 'One 🦊 two three four five six seven eight nine ten. '.repeat(40)
    const document = { title: 'numbers', text }
    const cut = (overlap: number) => {
      const request = { modelDigest: '', documents: [document, { title: 'a', text: '' }], overlap }
      return callUnary(client.cutDocuments.bind(client), request, Deadline.after(60_000), 'encoder')
    }
    const [long, short] = (await cut(0.1)).documents
    assert.deepEqual(short, { begins: [0], ends: [0], titleApart: false, cutOff: false })
    const characters = [...text]
    const passages = long!.begins.map((begin, at) => characters.slice(begin, long!.ends[at]).join(''))
    assert(passages.length > 1 && passages.every(passage => passage.endsWith('.')), passages.join('|'))
    const { truncated } = await encodeDocuments(passages.map(passage => ({ title: 'numbers', text: passage })))
    assert.equal(truncated, 0)
    await assert.rejects(cut(0.6), { code: 'invalid_request', message: /overlap: must be 0 to 0.5/ })
    await assert.rejects(cut(Number.NaN), { code: 'invalid_request' })
  })

  it('joins title and text with a space', async () => {
    await start()
    const answer = await encodeDocuments([
      { title: 'stars', text: 'twinkle' },
      { title: '', text: 'stars twinkle' },
      { title: 'stars twinkle', text: '' },
    ])
    const rows = [0, 1, 2].map(row => answer.vectors.subarray(64 * row, 64 * (row + 1)).toString('hex'))
    assert.equal(new Set(rows).size, 1)
  })

  it('shares batches between 50 concurrent calls, whose answers are those of calls alone', async () => {
    const running = await start()
    const texts = Array.from({ length: 50 }, (_, index) => `query ${'word '.repeat(index % 7)}${index}`)
    const together = await Promise.all(texts.map(text => encodeQuery({ text })))
    const { batches } = running.statistics().query
    assert(batches < 50, `${batches} batches`)
    for (const index of [0, 6, 7, 31, 32, 49]) {
      assert.deepEqual((await encodeQuery({ text: texts[index]! })).query, together[index]?.query)
    }
  })

  it('turns calls away with RESOURCE_EXHAUSTED when the queue is full, and takes new ones after', async () => {
    await start({
      HYPERSHARD_ENCODER_QUEUE_TOKENS: '96',
      HYPERSHARD_ENCODER_TOKEN_BUDGET: '96',
    })
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => encodeQuery()))
    const failures = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert(failures.length > 0 && failures.length < 50, `${failures.length} failures`)
    for (const failure of failures) {
      assert.deepEqual([failure.code, failure.row.grpc], ['overloaded', status.RESOURCE_EXHAUSTED])
      assert.equal(failure.details.inFlightMax, 96)
    }
    await encodeQuery()
    await assert.rejects(encodeDocuments(Array(3).fill({ title: '', text: 'a'.repeat(99) })), {
      code: 'request_too_large',
    })
  })

  it('never encodes for callers who went away or whose deadline passed', async () => {
    // One query fills a batch, and takes some milliseconds with this model: others wait for it.
    const running = await start({ HYPERSHARD_MODELS: minilmPath, HYPERSHARD_ENCODER_TOKEN_BUDGET: '256' })
    const caller = new AbortController()
    const text = 'word '.repeat(100)
    const calls = Array.from({ length: 100 }, (_, index) =>
      encodeQuery({ text }, Deadline.after(60_000, index === 0 ? {} : { signal: caller.signal })),
    )
    while (running.statistics().query.batches === 0) await new Promise(resolve => setImmediate(resolve))
    caller.abort()
    const outcomes = await Promise.allSettled(calls)
    const codes = outcomes.map(outcome => (outcome.status === 'rejected' ? outcome.reason.code : 'answered'))
    assert.equal(codes[0], 'answered')
    assert(codes.filter(code => code === 'cancelled').length > 50, codes.join())
    const { texts } = running.statistics().query
    assert(texts < 50, `${texts} texts were encoded`)
  })

  it('answers health checks while the encoder is busy', async () => {
    const running = await start({ HYPERSHARD_MODELS: minilmPath })
    const text = 'the onnxruntime call of one batch blocks its thread '.repeat(30)
    let busy = true
    let workMs = 0
    const startedMs = performance.now()
    const work = encodeDocuments(Array(10).fill({ title: '', text })).finally(() => {
      workMs = performance.now() - startedMs
      busy = false
    })
    const health = connectClient(Client, running.addresses.grpc!)
    const timesMs: number[] = []
    try {
      while (busy) {
        timesMs.push(await healthCheckMs(health))
        await sleep(5)
      }
      await work
    } finally {
      health.close()
    }
    assert(timesMs.length >= 5, `the work was over after ${timesMs.length} checks`)
    timesMs.sort((left, right) => left - right)
    // Encoding on the main thread would make nearly every check wait for a batch, of which there are a few.
    const { batches } = running.statistics().document
    const median = timesMs[Math.floor(timesMs.length / 2)]!
    assert(median < workMs / batches / 10, `${median} ms a check, ${workMs} ms for ${batches} batches`)
  })

  const badQueries: {
    title: string
    request: Partial<EncodeQueryRequest>
    error: { code: string; message: RegExp }
  }[] = [
    { title: 'without words', request: { text: ' \n' }, error: { code: 'invalid_request', message: /text: is empty/ } },
    {
      title: 'that is too long',
      request: { text: 'a'.repeat(queryCharactersMax + 1) },
      error: { code: 'invalid_request', message: /over the 16384 of a query/ },
    },
    { title: 'in no form', request: { form: 0 }, error: { code: 'invalid_request', message: /form: 0/ } },
    {
      title: 'in weights of no precision',
      request: { precision: 0 },
      error: { code: 'invalid_request', message: /no weights precision 0/ },
    },
    {
      title: 'for another model',
      request: { modelDigest: 'f00' },
      error: { code: 'model_not_found', message: /no model f00; ListModels/ },
    },
  ]
  it('counts a query in characters, as the public API does, whatever they take in UTF-16', async () => {
    await start()
    await assert.doesNotReject(encodeQuery({ text: '🦊'.repeat(queryCharactersMax) }))
    await assert.rejects(encodeQuery({ text: '🦊'.repeat(queryCharactersMax + 1) }), { code: 'invalid_request' })
  })

  it('refuses what is no query, and goes on', async () => {
    await start()
    for (const { request, error } of badQueries) await assert.rejects(encodeQuery(request), error)
    assert.equal((await encodeQuery()).truncated, false)
  })

  it('refuses what are no documents, and goes on', async () => {
    await start()
    const document = { title: '', text: 'a' }
    const models = [{ name: 'tiny', digest: model.digest }]
    await assert.rejects(encodeDocuments([document], 'f00'), {
      code: 'model_not_found',
      details: { digest: 'f00', models },
    })
    await assert.rejects(encodeDocuments([document, { title: '', text: '' }]), {
      code: 'invalid_request',
      message: /documents\[1\]: has neither title nor text/,
    })
    await assert.rejects(encodeDocuments(Array(encodedDocumentsMax + 1).fill(document)), { code: 'request_too_large' })
    assert.equal((await encodeDocuments([])).vectors.length, 0)
    assert.equal((await encodeDocuments([{ title: '', text: ' ' }])).vectors.length, 64)
  })

  const badStarts: { title: string; settings: (path: string) => Record<string, string>; error: object }[] = [
    {
      title: 'a model directory that is not there',
      settings: path => ({ HYPERSHARD_MODELS: `${path}-gone` }),
      error: { code: 'invalid_model', message: /tiny-gone: model\.json is missing/ },
    },
    {
      title: 'one model twice',
      settings: path => ({ HYPERSHARD_MODELS: `${path},${path}` }),
      error: { code: 'invalid_config', message: /HYPERSHARD_MODELS: model tiny stands twice/ },
    },
    {
      title: 'a queue that has no room for a batch',
      settings: () => ({ HYPERSHARD_ENCODER_QUEUE_TOKENS: '1023' }),
      error: { code: 'invalid_config', message: /QUEUE_TOKENS: 1023 is less than one batch; set at least 1024/ },
    },
    {
      title: 'a batch that has no room for the longest text',
      settings: () => ({ HYPERSHARD_ENCODER_TOKEN_BUDGET: '63' }),
      error: { code: 'invalid_config', message: /TOKEN_BUDGET: 63 is less than one text.*at least 64/ },
    },
  ]
  for (const { title, settings, error } of badStarts) {
    it(`does not start with ${title}`, () => assert.rejects(start(settings(model.path)), error))
  }

  it('does not start at an address that is taken', async () => {
    const { addresses } = await start()
    const second = startEncoderService(
      readConfig(encoderServiceConfig, { HYPERSHARD_ENCODER_LISTEN: addresses.grpc, HYPERSHARD_MODELS: model.path }),
      quietTelemetry(),
    )
    await assert.rejects(second, { code: 'address_in_use' })
  })
})

function healthCheckMs(client: Client): Promise<number> {
  const startedMs = performance.now()
  const noBytes = Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      () => noBytes,
      bytes => bytes,
      noBytes,
      { deadline: Date.now() + 5_000 },
      error => (error ? reject(error) : resolve(performance.now() - startedMs)),
    )
  })
}
