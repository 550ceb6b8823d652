import type { NamedFinding } from './check.ts'
import { clusterChecks } from './cluster/cluster-checks.ts'
import { type Asked, gatherCluster } from './cluster/gather-cluster.ts'
import { configurationChecks } from './configuration/configuration-checks.ts'
import { type Environment, type ProcessName, readConfiguration } from './configuration/read-configuration.ts'
import { runChecks } from './run-checks.ts'

/** Looks at a running cluster. */
export async function diagnoseCluster(asked: Asked): Promise<NamedFinding[]> {
  return runChecks(clusterChecks, await gatherCluster(asked))
}

/** Looks at the settings of one process, before it is started. */
export function diagnoseConfiguration(process: ProcessName, environment: Environment): Promise<NamedFinding[]> {
  return runChecks(configurationChecks, readConfiguration(process, environment))
}
