import { basename } from 'node:path'
import type { ClusterEvent, LocalCluster, ProcessExit, StartStep } from '@hypershard/local-cluster'
import { formatDuration } from '../terminal/format-number.ts'
import type { Steps } from '../terminal/steps.ts'

/** Shows what happens to the cluster, a line an event. */
export function tellClusterEvent(event: ClusterEvent, cluster: LocalCluster, steps: Steps): void {
  switch (event.type) {
    case 'starting':
      steps.begin(event.step)
      break
    case 'started':
      steps.done(event.step, detailOf(event.step, cluster), event.tookMs)
      break
    case 'crashed': {
      const next = event.restartInMs === undefined ? '' : `; starting it again in ${formatDuration(event.restartInMs)}`
      steps.trouble(event.name, `ended (${exitText(event.exit)})${next}`)
      break
    }
    case 'restarted':
      steps.done(event.name, 'is back at its address', event.tookMs)
      break
    case 'added':
      steps.done(event.name, 'is new', event.tookMs)
      break
    case 'removed':
      steps.trouble(event.name, event.exit === undefined ? 'is gone' : `is gone (${exitText(event.exit)})`)
      break
    case 'stopping':
      steps.begin('stopping')
      break
    case 'stopped':
      if (cluster.processes.length > 0) steps.done('stopped', '', event.tookMs)
  }
}

function detailOf(step: StartStep, cluster: LocalCluster): string {
  const addresses = (prefix: string) =>
    cluster.processes.filter(service => service.name.startsWith(prefix)).map(service => service.address)
  switch (step) {
    case 'encoder service':
      return addresses('encoder').join()
    case 'shard servers':
      return `${addresses('shard-').length}: ${addresses('shard-').join(', ')}`
    case 'indexer':
      return 'takes documents from the write log'
    case 'coordinator':
      return `${basename(cluster.httpUrl)}, gRPC ${cluster.grpcAddress}`
    case 'cluster ready':
      return cluster.httpUrl
  }
}

function exitText({ code, signal }: ProcessExit): string {
  return signal ?? `exit code ${code}`
}
