import assert from 'node:assert/strict'
import { Deadline, HypershardError, silentLogger } from '@hypershard/common'
import { type GrpcServer, plainCredentials, startGrpcServer, unaryHandler } from '@hypershard/common/grpc'
import { eventually, quietContext } from '@hypershard/harness'
import { protoDirectory } from '@hypershard/proto'
import { EncodeQueryResponse, EncoderServiceService, ModelFile } from '@hypershard/proto/encoder'
import { Activation, type QNet, WeightsPrecision } from '@hypershard/proto/qnet'
import { DescribeResponse, ScoringPrecision, SearchPlan, ShardServiceService } from '@hypershard/proto/shard'
import { protocolVersion } from '@hypershard/proto/versions'
import { connectEncoder } from './grpc-encoder.ts'
import { connectShardServer } from './grpc-shard-server.ts'

const door = { log: silentLogger() }
const soon = () => Deadline.after(60_000)
const question = { coordinator: 'c', needed: false }
const undescribed = DescribeResponse.fromPartial({ protocolVersion })
const manifest = { index: 'papers', indexUid: 'u', generation: 1, version: 2 }
const qnet: QNet = {
  digest: 'd',
  modelDigest: 'm',
  precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
  architecture: {
    vectorDimensions: [1, 1],
    activation: Activation.ACTIVATION_RELU,
    layerNorm: false,
    layerNormBeforeResidual: false,
    residual: false,
    residualOnLast: false,
  },
  weights: Buffer.from(new Float32Array([0.5]).buffer),
}

describe('the gRPC adapters', () => {
  let server: GrpcServer
  let seen: unknown[]
  /** What the shard server says of itself. */
  let description: DescribeResponse | undefined
  /** What the encoder service finds in a query; undefined of one that does not know the field. */
  let interpretation: EncodeQueryResponse['interpretation']

  beforeEach(async () => {
    seen = []
    description = undefined
    interpretation = undefined
    server = await start('127.0.0.1:0')
  })

  afterEach(() => server.stop())

  function start(address: string): Promise<GrpcServer> {
    return startGrpcServer({
      address,
      credentials: plainCredentials.server,
      services: [
        { definition: EncoderServiceService, implementation: encoder() },
        { definition: ShardServiceService, implementation: shardServer() },
      ],
      protoFiles: ['hypershard/v1/encoder.proto', 'hypershard/v1/shard.proto'],
      protoDirectory,
      drainMs: 100,
    })
  }

  function encoder() {
    return {
      listModels: unaryHandler(async () => ({ models: [] }), door),
      encodeQuery: unaryHandler(async (request: { text: string }) => {
        seen.push(request)
        if (request.text === 'full') throw new HypershardError('overloaded', 'full', { details: { waiting: 9 } })
        return {
          query: { $case: 'qnet' as const, value: qnet },
          tokens: 5,
          truncated: true,
          queueMs: 0,
          encodeMs: 0,
          textTokens: 3,
          unknownTokens: 2,
          interpretation,
        }
      }, door),
      encodeQueries: unaryHandler(async (request: { texts: string[] }) => {
        seen.push(request)
        if (request.texts[0] === 'old') throw new HypershardError('route_not_found', 'no such method')
        const answer = {
          ...EncodeQueryResponse.fromPartial({ textTokens: 3 }),
          query: { $case: 'qnet' as const, value: qnet },
        }
        return {
          outcomes: request.texts.map(text =>
            text === 'full'
              ? { answer: undefined, failure: { code: 'overloaded', message: 'full' } }
              : { answer, failure: undefined },
          ),
        }
      }, door),
      encodeDocuments: unaryHandler(async () => assert.fail('the coordinator encodes no documents'), door),
      readModelFile: unaryHandler(async (request: { file: ModelFile; offset: number }) => {
        seen.push(request)
        if (request.file === ModelFile.MODEL_FILE_MODEL_JSON) return { content: Buffer.from('more'), fileBytes: 10 }
        const content = Buffer.from('hyper-head').subarray(request.offset, request.offset + 4)
        return { content, fileBytes: 10 }
      }, door),
    }
  }

  function shardServer() {
    return {
      prepare: unaryHandler(
        async (request: { shards: number[] }) => ({
          shards: request.shards.map(shard => ({ shard, documents: 1, bytes: 2, error: undefined })),
        }),
        door,
      ),
      searchShards: unaryHandler(async request => {
        seen.push(request)
        return { results: [] }
      }, door),
      fetch: unaryHandler(async () => ({ documents: [{ id: 'a', title: 't', text: 'x', fieldsJson: '{}' }] }), door),
      release: unaryHandler(async request => {
        seen.push(request)
        return { kept: [] }
      }, door),
      describe: unaryHandler(async request => {
        // As a server of the version before, unless a test has it say something.
        if (description === undefined) throw new HypershardError('route_not_found', 'no such method')
        seen.push(request)
        return description
      }, door),
      drain: unaryHandler(async request => {
        if (description === undefined) throw new HypershardError('route_not_found', 'no such method')
        seen.push(request)
        return {}
      }, door),
    }
  }

  it('ask the encoder for f32 weights', async () => {
    const port = connectEncoder(server.address)
    try {
      const encoded = await port.encodeQuery({ modelDigest: 'm', text: 'stars', form: 'weights' }, quietContext())
      assert.deepEqual([encoded.truncated, encoded.tokens, encoded.unknownTokens], [true, 3, 2])
      assert.deepEqual(encoded.payload, qnet)
      const { precision } = seen[0] as { precision: WeightsPrecision }
      assert.equal(precision, WeightsPrecision.WEIGHTS_PRECISION_F32)
    } finally {
      port.close()
    }
  })

  it('ask the encoder for several queries at once, and for the first alone where it is too old to', async () => {
    const port = connectEncoder(server.address)
    const ask = (...texts: string[]) => port.encodeQueries({ modelDigest: 'm', texts, form: 'weights' }, quietContext())
    const codesOf = (outcomes: Awaited<ReturnType<typeof ask>>) =>
      outcomes.map(outcome => (outcome instanceof HypershardError ? outcome.code : outcome.payload))
    try {
      assert.deepEqual(codesOf(await ask('stars', 'full', 'moon')), [qnet, 'overloaded', qnet])
      assert.deepEqual(codesOf(await ask('old', 'moon')), [qnet, 'unavailable'])
      assert.equal((seen.at(-1) as { text: string }).text, 'old')
    } finally {
      port.close()
    }
  })

  it('ask for the pieces of a query, and give their texts', async () => {
    const port = connectEncoder(server.address)
    const encode = (interpret: boolean) =>
      port.encodeQuery({ modelDigest: 'm', text: '🦊 or an owl', form: 'weights', interpret }, quietContext())
    const spans = (...places: [number, number][]) => ({ spans: places.map(([begin, end]) => ({ begin, end })) })
    try {
      assert.equal('interpretation' in (await encode(false)), false)
      interpretation = { pieces: [spans([0, 1]), spans([5, 7], [8, 11])], confidence: 0.9 }
      assert.deepEqual((await encode(true)).interpretation, { pieces: ['🦊', 'an owl'], confidence: 0.9 })
      interpretation = { pieces: [], confidence: 0.3 }
      assert.deepEqual((await encode(true)).interpretation, { pieces: [], confidence: 0.3 })
      for (const pieces of [[spans([0, 1])], [spans([0, 1]), spans()], [spans([0, 1]), spans([90, 95])]]) {
        interpretation = { pieces, confidence: 1 }
        await assert.rejects(encode(true), { code: 'internal', message: /gave pieces of a query that are none/ })
      }
      assert.deepEqual(
        (seen as { interpret: boolean }[]).map(({ interpret }) => interpret),
        [false, true, true, true, true, true],
      )
    } finally {
      port.close()
    }
  })

  it('say that an encoder service is too old to find pieces', async () => {
    const port = connectEncoder(server.address)
    const asked = { modelDigest: 'm', text: 'a or b', form: 'weights', interpret: true } as const
    try {
      await assert.rejects(port.encodeQuery(asked, quietContext()), {
        code: 'unavailable',
        message: /is of a release that finds no pieces in queries; upgrade it/,
      })
    } finally {
      port.close()
    }
  })

  it('put a file of a model together from its pieces', async () => {
    const port = connectEncoder(server.address)
    try {
      const content = await port.readModelFile({ modelDigest: 'm', file: 'hyperHead' }, soon())
      assert.equal(Buffer.from(content).toString(), 'hyper-head')
      const file = ModelFile.MODEL_FILE_HYPER_HEAD
      assert.deepEqual(
        seen,
        [0, 4, 8, 10].map(offset => ({ modelDigest: 'm', file, offset })),
      )
    } finally {
      port.close()
    }
  })

  it('read no more of a file than there is of it, however much the server gives', async () => {
    const port = connectEncoder(server.address)
    try {
      const reading = port.readModelFile({ modelDigest: 'm', file: 'modelJson' }, soon())
      await assert.rejects(reading, { code: 'internal', message: /gave 12 bytes of a file of 10/ })
    } finally {
      port.close()
    }
  })

  it('give failures as the server meant them', async () => {
    const port = connectEncoder(server.address)
    try {
      const refused = port.encodeQuery({ modelDigest: 'm', text: 'full', form: 'weights' }, quietContext())
      await assert.rejects(
        refused,
        (error: HypershardError) => error.code === 'overloaded' && error.details.waiting === 9,
      )
    } finally {
      port.close()
    }
  })

  it('carry every call of a shard server', async () => {
    const port = connectShardServer(server.address)
    try {
      assert.equal((await port.checkHealth(question, soon())).serving, true)
      assert.deepEqual(
        (await port.prepare({ manifest, shards: [3, 1] }, soon())).map(({ shard }) => shard),
        [3, 1],
      )
      const after = { score: Number.NaN, id: 'a', inclusive: true }
      const groupBy = { field: 'n', groups: 3, hits: 2, only: undefined, without: ['e'] }
      const sort = [{ field: 'n', descending: true }]
      const afterSorted = { values: [{ value: undefined }], score: 1, id: 'b' }
      const knobs = {
        expansion: 9,
        recall: 0.5,
        recallHits: 11,
        documents: 5,
        tokenStates: undefined,
        composed: undefined,
        words: undefined,
        facets: ['n'],
        groupBy,
        sort,
        afterSorted,
        valuesOf: 'n',
      }
      const precision = ScoringPrecision.SCORING_PRECISION_FP32
      const how = { precision, after, plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: 7, filter: undefined, ...knobs }
      await port.search({ manifest, shards: [1], qnet, limit: 11, ...how }, quietContext())
      assert.deepEqual(seen[0], { manifest, shards: [1], qnet, limit: 11, ...how })
      assert.equal((await port.fetch({ manifest, addresses: [{ segment: 0, row: 1 }] }, quietContext()))[0]!.id, 'a')
      await port.release({ name: 'papers', uid: 'u' }, soon())
      assert.deepEqual(seen[1], { index: 'papers', indexUid: 'u', generation: 0, shards: [] })
    } finally {
      port.close()
    }
  })

  it('tell that a server was started again, though both checks find it serving', async () => {
    const port = connectShardServer(server.address)
    try {
      const before = await port.checkHealth(question, soon())
      assert.deepEqual(await port.checkHealth(question, soon()), before)
      await server.stop()
      server = await start(server.address)
      await eventually(() =>
        port
          .checkHealth(question, soon())
          .then(after => after.life !== before.life)
          .catch(() => false),
      )
    } finally {
      port.close()
    }
  })

  it('say to a server that drains, and to no other, that they know', async () => {
    const port = connectShardServer(server.address)
    const told = () => (seen.at(-1) as { toldDraining: string }).toldDraining
    try {
      description = { ...undescribed, life: 'one' }
      await port.checkHealth(question, soon())
      description = { ...description, draining: true, neededBy: 2 }
      const { facts } = await port.checkHealth(question, soon())
      assert.deepEqual([facts?.draining, facts?.neededBy, told()], [true, 2, ''])
      // Who only wants to know tells the coordinator nothing.
      description = { ...description, draining: false }
      await port.checkHealth({ coordinator: '', needed: false }, soon())
      assert.equal(told(), '')
      await port.checkHealth(question, soon())
      assert.equal(told(), 'one')
      await port.checkHealth(question, soon())
      assert.equal(told(), '')
      await port.drain({ undo: true }, soon())
      assert.deepEqual(seen.at(-1), { undo: true })
    } finally {
      port.close()
    }
  })

  it('say of a server that is too old to drain that it is', async () => {
    const port = connectShardServer(server.address)
    try {
      const drained = port.drain({ undo: false }, soon())
      await assert.rejects(drained, { code: 'unavailable', message: /cannot drain; upgrade it/ })
      const found = port.find({ manifest, shard: 0, id: 'a', withVector: false }, quietContext())
      await assert.rejects(found, { code: 'unavailable', message: /cannot find documents; upgrade it/ })
    } finally {
      port.close()
    }
  })

  for (const { version, says } of [
    { version: protocolVersion + 2, says: /upgrade this coordinator/ },
    { version: protocolVersion - 2, says: /upgrade shard server 127/ },
  ]) {
    it(`refuse a server of protocol version ${version} and say which to upgrade`, async () => {
      const port = connectShardServer(server.address)
      try {
        description = { ...undescribed, protocolVersion: version }
        await assert.rejects(port.checkHealth(question, soon()), { code: 'unavailable', message: says })
      } finally {
        port.close()
      }
    })
  }

  it('tell a server that is not serving from one that is gone', async () => {
    const port = connectShardServer(server.address)
    try {
      server.setServing(false)
      assert.equal((await port.checkHealth(question, soon())).serving, false)
      await server.stop()
      await assert.rejects(port.checkHealth(question, soon()), (error: HypershardError) => error.code === 'unavailable')
    } finally {
      port.close()
    }
  })
})
