export { type CoordinatorConfig, coordinatorConfig } from './config.ts'
export { type CoordinatorConnections, startCoordinator } from './start-coordinator.ts'
