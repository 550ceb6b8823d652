import { accessMutants } from './lists/access-mutants.ts'
import { announcementsMutants } from './lists/announcements-mutants.ts'
import { benchMutants } from './lists/bench-mutants.ts'
import { chartMutants } from './lists/chart-mutants.ts'
import { cliMutants } from './lists/cli-mutants.ts'
import { clientMutants } from './lists/client-mutants.ts'
import { commonMutants } from './lists/common-mutants.ts'
import { composedMutants } from './lists/composed-mutants.ts'
import { consoleMutants } from './lists/console-mutants.ts'
import { consolePagesMutants } from './lists/console-pages-mutants.ts'
import { contractMutants } from './lists/contract-mutants.ts'
import { coordinatorClusterMutants } from './lists/coordinator-cluster-mutants.ts'
import { coordinatorPlacementMutants } from './lists/coordinator-placement-mutants.ts'
import { coordinatorSearchMutants } from './lists/coordinator-search-mutants.ts'
import { coordinatorViewsMutants } from './lists/coordinator-views-mutants.ts'
import { coordinatorWritingMutants } from './lists/coordinator-writing-mutants.ts'
import { deployMutants } from './lists/deploy-mutants.ts'
import { deviceMutants } from './lists/device-mutants.ts'
import { doctorMutants } from './lists/doctor-mutants.ts'
import { drainMutants } from './lists/drain-mutants.ts'
import { encoderDeviceMutants } from './lists/encoder-device-mutants.ts'
import { encoderServiceMutants } from './lists/encoder-service-mutants.ts'
import { evaluationMutants } from './lists/evaluation-mutants.ts'
import { fanOutMutants } from './lists/fan-out-mutants.ts'
import { fanOutSimulationMutants } from './lists/fan-out-simulation-mutants.ts'
import { faultTestsMutants } from './lists/fault-tests-mutants.ts'
import { indexerMutants } from './lists/indexer-mutants.ts'
import { membershipMutants } from './lists/membership-mutants.ts'
import { metricsMutants } from './lists/metrics-mutants.ts'
import { modelHeadMutants } from './lists/model-head-mutants.ts'
import { nearMutants } from './lists/near-mutants.ts'
import { ownVectorsMutants } from './lists/own-vectors-mutants.ts'
import { pythonMutants } from './lists/python-mutants.ts'
import { qnetMutants } from './lists/qnet-mutants.ts'
import { readingMutants } from './lists/reading-mutants.ts'
import { recentTextsMutants } from './lists/recent-texts-mutants.ts'
import { reindexMutants } from './lists/reindex-mutants.ts'
import { securityMutants } from './lists/security-mutants.ts'
import { shardServerMutants } from './lists/shard-server-mutants.ts'
import { shardServerTangentMutants } from './lists/shard-server-tangent-mutants.ts'
import { stagesMutants } from './lists/stages-mutants.ts'
import { storageManifestMutants } from './lists/storage-manifest-mutants.ts'
import { storageStoreMutants } from './lists/storage-store-mutants.ts'
import { telemetryMutants } from './lists/telemetry-mutants.ts'
import { tlsMutants } from './lists/tls-mutants.ts'
import { tracingMutants } from './lists/tracing-mutants.ts'
import { warmUpMutants } from './lists/warm-up-mutants.ts'
import { wordsMutants } from './lists/words-mutants.ts'
import type { Mutant } from './mutant.ts'

/** Every planted fault, package by package. */
export const allMutants: readonly Mutant[] = [
  ...accessMutants,
  ...announcementsMutants,
  ...benchMutants,
  ...chartMutants,
  ...cliMutants,
  ...clientMutants,
  ...commonMutants,
  ...consoleMutants,
  ...consolePagesMutants,
  ...contractMutants,
  ...coordinatorClusterMutants,
  ...coordinatorPlacementMutants,
  ...composedMutants,
  ...coordinatorSearchMutants,
  ...coordinatorViewsMutants,
  ...fanOutMutants,
  ...fanOutSimulationMutants,
  ...coordinatorWritingMutants,
  ...deviceMutants,
  ...encoderDeviceMutants,
  ...doctorMutants,
  ...deployMutants,
  ...drainMutants,
  ...encoderServiceMutants,
  ...evaluationMutants,
  ...faultTestsMutants,
  ...indexerMutants,
  ...membershipMutants,
  ...metricsMutants,
  ...modelHeadMutants,
  ...nearMutants,
  ...ownVectorsMutants,
  ...pythonMutants,
  ...qnetMutants,
  ...stagesMutants,
  ...readingMutants,
  ...storageManifestMutants,
  ...storageStoreMutants,
  ...reindexMutants,
  ...recentTextsMutants,
  ...securityMutants,
  ...shardServerMutants,
  ...shardServerTangentMutants,
  ...telemetryMutants,
  ...tracingMutants,
  ...warmUpMutants,
  ...wordsMutants,
  ...tlsMutants,
]
