import assert from 'node:assert/strict'
import { HypershardError, silentLogger } from '@hypershard/common'
import { type GrpcServer, plainCredentials, startGrpcServer, unaryHandler } from '@hypershard/common/grpc'
import { quietContext } from '@hypershard/harness'
import { protoDirectory } from '@hypershard/proto'
import { EncoderServiceService } from '@hypershard/proto/encoder'
import type { EncoderServicePort } from '../ports.ts'
import { connectEncoder } from './grpc-encoder.ts'

const door = { log: silentLogger() }

describe('the gRPC adapter of the indexer', () => {
  let server: GrpcServer
  let port: EncoderServicePort
  let vectors: Buffer

  beforeEach(async () => {
    vectors = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)
    server = await startGrpcServer({
      address: '127.0.0.1:0',
      credentials: plainCredentials.server,
      services: [{ definition: EncoderServiceService, implementation: encoder() }],
      protoFiles: ['hypershard/v1/encoder.proto'],
      protoDirectory,
      drainMs: 100,
    })
    port = connectEncoder(server.address)
  })

  afterEach(async () => {
    port.close()
    await server.stop()
  })

  function encoder() {
    return {
      listModels: unaryHandler(async () => ({ models: [] }), door),
      encodeQuery: unaryHandler(async () => assert.fail('the indexer encodes no queries'), door),
      encodeDocuments: unaryHandler(async (request: { documents: unknown[] }) => {
        if (request.documents.length === 0) throw new HypershardError('overloaded', 'full', { details: { waiting: 9 } })
        return {
          vectorWidth: 2,
          vectors,
          truncated: 1,
          textTokens: [3, 4],
          unknownTokens: [0, 4],
          cutOff: [true, false],
        }
      }, door),
    }
  }

  it('gives vectors that are aligned, and how many texts were cut', async () => {
    const documents = ['a', 'b'].map(text => ({ title: '', text }))
    const encoded = await port.encodeDocuments({ modelDigest: 'm', documents }, quietContext())
    assert.deepEqual([[...encoded.vectors], encoded.vectorWidth, encoded.truncated], [[1, 2, 3, 4], 2, 1])
    assert.deepEqual(encoded.read, [
      { tokens: 3, unknown: 0, cutOff: true },
      { tokens: 4, unknown: 4 },
    ])
  })

  it('refuses bytes that are no whole numbers', async () => {
    vectors = Buffer.alloc(7)
    const encoding = port.encodeDocuments({ modelDigest: 'm', documents: [{ title: '', text: 'a' }] }, quietContext())
    await assert.rejects(encoding, { code: 'internal', message: /7 bytes of vectors/ })
  })

  it('says of a service of a version before passages that it cuts no texts', async () => {
    const cut = { modelDigest: 'm', documents: [{ title: '', text: 'a' }], overlap: 0 }
    await assert.rejects(port.cutDocuments(cut, quietContext()), {
      code: 'model_not_served',
      message: /^encoder service 127\.0\.0\.1:\d+ is of a version before passages and cuts no texts; upgrade it/,
    })
  })

  it('gives failures as the server meant them', async () => {
    const refused = port.encodeDocuments({ modelDigest: 'm', documents: [] }, quietContext())
    await assert.rejects(
      refused,
      (error: HypershardError) => error.code === 'overloaded' && error.details.waiting === 9,
    )
  })
})
