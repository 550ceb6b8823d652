/** A supervisor of fake services that tests may kill: prints the ids of its processes as JSON when all are up. */
import { startCluster } from '@hypershard/local-cluster'
import { fakePrograms } from './fake-programs.ts'

const cluster = await startCluster({
  dataDirectory: process.argv[2] ?? '',
  modelDirectories: ['none'],
  shardServers: 2,
  http: '127.0.0.1:0',
  grpc: '127.0.0.1:0',
  environment: process.env,
  programs: fakePrograms,
  restart: true,
})
process.stdout.write(`${JSON.stringify(cluster.processes.map(service => service.pid))}\n`)
