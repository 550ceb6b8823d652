import assert from 'node:assert/strict'
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { madeUpDocuments, type TestCluster } from '@hypershard/harness/cluster'
import { type SearchRequest, type SearchResponse, SearchServiceClient } from '@hypershard/proto/search'
import { protoPath } from 'grpc-health-check'

/** The reflection service as any client knows it, in the few fields that the test reads. */
const reflectionProto = new URL(
  '../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  import.meta.url,
)

export function grpcServersTests(clusterOf: () => TestCluster): void {
  describe('the gRPC servers of a cluster', () => {
    let cluster: TestCluster

    before(async () => {
      cluster = clusterOf()
      await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 3 })
      await cluster.put('papers', madeUpDocuments(100))
    })

    const servers = () => [
      { name: 'coordinator', address: cluster.cluster.grpcAddress, service: 'hypershard.v1.SearchService' },
      { name: 'encoder', address: cluster.process('encoder').address, service: 'hypershard.v1.EncoderService' },
      { name: 'shard-1', address: cluster.process('shard-1').address, service: 'hypershard.v1.ShardService' },
    ]

    it('are healthy, for the server and for its service', async () => {
      const { Health } = (
        loadPackageDefinition(loadSync(protoPath)) as never as { grpc: { health: { v1: GrpcObject } } }
      ).grpc.health.v1 as { Health: ServiceClientConstructor }
      for (const { name, address, service } of servers()) {
        const client = connectClient(Health, address)
        for (const asked of ['', service]) {
          const answer = await new Promise<{ status: string | number }>((resolve, reject) => {
            client.check!({ service: asked }, (error: Error | null, health: { status: string }) =>
              error ? reject(error) : resolve(health),
            )
          })
          assert([1, 'SERVING'].includes(answer.status), `${name} ${asked}: ${answer.status}`)
        }
        client.close()
      }
    })

    it('tell their services by reflection', async () => {
      const loaded = loadPackageDefinition(loadSync(reflectionProto.pathname)) as never as {
        grpc: { reflection: { v1: { ServerReflection: ServiceClientConstructor } } }
      }
      const { ServerReflection } = loaded.grpc.reflection.v1
      for (const { address, service } of servers()) {
        const client = connectClient(ServerReflection, address)
        const call = client.ServerReflectionInfo!()
        const answer = await new Promise<{ listServicesResponse: { service: { name: string }[] } }>(
          (resolve, reject) => {
            call.on('data', resolve)
            call.on('error', reject)
            call.write({ listServices: '' })
          },
        )
        call.end()
        client.close()
        assert(answer.listServicesResponse.service.some(({ name }) => name === service))
      }
    })

    it('answer a search over gRPC as over HTTP', async () => {
      const client = connectClient(SearchServiceClient, cluster.cluster.grpcAddress)
      try {
        const search = (request: Partial<SearchRequest>) =>
          callUnary<SearchRequest, SearchResponse>(
            client.search.bind(client),
            {
              index: 'papers',
              query: 'balice domo',
              vectorPrecision: '',
              k: 5,
              cursor: '',
              profile: false,
              idsOnly: false,
              precision: '',
              plan: '',
              filter: undefined,
              filterJson: '',
              facets: [],
              sort: [],
              minSequence: 0,
              ...request,
            },
            Deadline.after(10_000),
            'coordinator',
          )
        const overGrpc = await search({})
        const { body } = await cluster.search('papers', 'balice domo', { k: 5 })
        assert.deepEqual(
          overGrpc.hits.map(({ id, score, text }) => ({ id, score, text })),
          body.hits.map(({ id, score, text }) => ({ id, score, text })),
        )
        assert.equal(overGrpc.coverage!.ratio, 1)
        await assert.rejects(search({ index: 'nowhere' }), { code: 'index_not_found' })
        await assert.rejects(search({ k: 0 }), { code: 'invalid_request' })
      } finally {
        client.close()
      }
    })

    it('refuse a call without a deadline', async () => {
      const client = connectClient(SearchServiceClient, cluster.cluster.grpcAddress)
      const error = await new Promise<{ code: number } | null>(resolve => client.listIndexes({}, resolve))
      client.close()
      assert.equal(error?.code, status.INVALID_ARGUMENT)
    })
  })
}
