/** What every process of the cluster has: settings, signals, an admin listener, metrics. */
export * from './run-main.ts'
