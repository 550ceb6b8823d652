import { type ClusterOptions, LocalCluster } from './local-cluster.ts'

export {
  type ClusterEvent,
  type ClusterOptions,
  type ClusterProcess,
  LocalCluster,
  type StartStep,
} from './local-cluster.ts'
export { ownServerTls, type RequestTls } from './own-server-tls.ts'
export {
  bundledModelDirectories,
  denseModelDirectory,
  type ServicePrograms,
  servicePrograms,
} from './plan-processes.ts'
export { type ProcessExit, ProcessFailure } from './service-process.ts'

/**
 * Starts a cluster on this machine and waits until it is ready; when that fails, nothing is left running.
 * @throws HypershardError `conflict` for a data directory in use
 * @throws ProcessFailure a process that could not start, with the reason from its log
 */
export async function startCluster(options: ClusterOptions): Promise<LocalCluster> {
  const cluster = new LocalCluster(options)
  await cluster.start()
  return cluster
}
export type { Environment } from './plan-processes.ts'
