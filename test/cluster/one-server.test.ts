/**
 * What a cluster with a single shard server shows as well as a larger one: it is started once for all of these, whose tests
 * stand in files of their own, each with an index of its own.
 */
import { startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { evaluationTests } from './evaluation-tests.ts'
import { exactNumbersTests } from './exact-numbers-tests.ts'
import { grpcServersTests } from './grpc-servers-tests.ts'

describe('a cluster of one shard server', () => {
  let cluster: TestCluster

  before(async () => {
    cluster = await startTestCluster({ shardServers: 1 })
  })
  after(() => cluster?.stop())

  const clusterOf = () => cluster
  grpcServersTests(clusterOf)
  exactNumbersTests(clusterOf)
  evaluationTests(clusterOf)
})
