import assert from 'node:assert/strict'
import { QNet, TokenStates } from '@hypershard/proto/qnet'
import { SearchShardsRequest } from '@hypershard/proto/shard'
import fc from 'fast-check'
import { encodeSearch } from './encode-search.ts'

const lengths = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(16_383, 16_384, 100_000, 2_200_000))
const contents = fc
  .tuple(lengths, fc.integer({ min: 0, max: 255 }))
  .map(([length, value]) => Buffer.alloc(length, value))
const names = { digest: fc.string(), modelDigest: fc.string() }

const qnets = fc.record({ ...names, weights: contents }).map(({ weights, ...named }) => {
  const architecture = { vectorDimensions: [3, 2, 1], layerNorm: true }
  return QNet.fromPartial({ ...named, weights, architecture, precision: 1 })
})
const tokenStates = fc
  .record({ ...names, states: contents, tokens: fc.nat(), width: fc.nat(9_999) })
  .map(states => TokenStates.fromPartial(states))

const requests = fc
  .record({
    index: fc.string(),
    shards: fc.array(fc.nat()),
    limit: fc.nat(),
    // A zero has no sign on the wire.
    recall: fc.double({ noNaN: true }).map(value => value + 0),
    query: fc.oneof(
      qnets.map(qnet => ({ qnet })),
      tokenStates.map(states => ({ tokenStates: states })),
      fc.constant({}),
    ),
  })
  .map(({ index, query, ...others }) => SearchShardsRequest.fromPartial({ manifest: { index }, ...others, ...query }))

describe('encodeSearch', () => {
  it('gives what the generated reader reads as the request', () => {
    fc.assert(
      fc.property(requests, request => {
        assert.deepEqual(SearchShardsRequest.decode(encodeSearch(request)), request)
      }),
      { numRuns: 50 },
    )
  })

  it('takes as many bytes as the generated writer', () => {
    fc.assert(
      fc.property(requests, request => {
        assert.equal(encodeSearch(request).byteLength, SearchShardsRequest.encode(request).finish().byteLength)
      }),
      { numRuns: 20 },
    )
  })
})
