import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Clock, HypershardError, makeFolder, systemClock, toFolderFailure } from '@hypershard/common'
import { type DataLock, lockData } from './data-lock.ts'
import { rotateLog } from './log-file.ts'
import { ownServerTls, type RequestTls } from './own-server-tls.ts'
import {
  type ClusterSettings,
  membershipRedisOf,
  type ProcessPlan,
  planCoordinator,
  planEncoder,
  planIndexer,
  planShardServer,
} from './plan-processes.ts'
import { RestartBudget } from './restart-budget.ts'
import { type ProcessExit, ProcessFailure, ServiceProcess } from './service-process.ts'
import { waitUntilReady } from './wait-until-ready.ts'

/** Work under way may take this long to end before a process is killed. */
const stopGraceMs = 10_000

export interface ClusterOptions extends ClusterSettings {
  /** Whether processes that crash are started again. */
  readonly restart: boolean
  /** Told what happens, in order. */
  readonly onEvent?: (event: ClusterEvent) => void
  readonly clock?: Clock
}

export type ClusterEvent =
  | { readonly type: 'starting'; readonly step: StartStep }
  | { readonly type: 'started'; readonly step: StartStep; readonly tookMs: number }
  | { readonly type: 'crashed'; readonly name: string; readonly exit: ProcessExit; readonly restartInMs?: number }
  | { readonly type: 'restarted'; readonly name: string; readonly tookMs: number }
  | { readonly type: 'added'; readonly name: string; readonly tookMs: number }
  | { readonly type: 'removed'; readonly name: string; readonly exit: ProcessExit | undefined }
  | { readonly type: 'stopping' }
  | { readonly type: 'stopped'; readonly tookMs: number }

export type StartStep = 'encoder service' | 'shard servers' | 'coordinator' | 'indexer' | 'cluster ready'

/** A process of the cluster as its tests and its user see it. */
export interface ClusterProcess {
  readonly name: string
  /** Undefined while it is down. */
  readonly pid: number | undefined
  /** `host:port`, the HTTP one for the coordinator. */
  readonly address: string
  /** `host:port` where it answers probes and is scraped; empty for a process that told none. */
  readonly adminAddress: string
  readonly logPath: string
  kill(signal: NodeJS.Signals): void
}

/**
 * Separate processes on this machine that are one cluster: encoder services, shard servers, an indexer and a coordinator. Their
 * supervisor is the process that made this object; when it ends in any way, they end.
 */
export class LocalCluster {
  readonly #options: ClusterOptions
  readonly #clock: Clock
  readonly #processes: ServiceProcess[] = []
  /** How many places each kind has had: names are not used again, so that each has a log of its own. */
  readonly #counts = { shard: 0, encoder: 0 }
  readonly #budgets = new Map<ServiceProcess, RestartBudget>()
  readonly #revivals = new Map<ServiceProcess, Promise<void>>()
  readonly #stopRequest = new AbortController()
  readonly #closed = Promise.withResolvers<ProcessFailure | undefined>()
  #lock: DataLock | undefined
  #stopped: Promise<void> | undefined

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** Base URL of the HTTP API. */
  get httpUrl(): string {
    const scheme = this.#certificatePath === undefined ? 'http' : 'https'
    return `${scheme}://${reachable(this.#find('coordinator').addresses.http ?? this.#options.http)}`
  }

  /** What requests to `httpUrl` need where it is HTTPS. */
  get httpTls(): RequestTls | undefined {
    return this.#certificatePath === undefined ? undefined : ownServerTls(this.#certificatePath)
  }

  get #certificatePath(): string | undefined {
    return this.#options.environment.HYPERSHARD_HTTP_TLS_CERT || undefined
  }

  /** Where the coordinator hears other processes. */
  get #internalAddress(): string {
    return reachable(this.#find('coordinator').addresses.internal ?? this.grpcAddress)
  }

  get grpcAddress(): string {
    return reachable(this.#find('coordinator').addresses.grpc ?? this.#options.grpc)
  }

  get processes(): readonly ClusterProcess[] {
    return this.#processes.map(describe)
  }

  /** Settles when every process has ended: with the failure that ended the cluster, or nothing after `stop`. */
  get closed(): Promise<ProcessFailure | undefined> {
    return this.#closed.promise
  }

  /**
   * Starts everything and waits until the coordinator is ready. After a failure nothing is left running.
   * @throws HypershardError `conflict` for a data directory in use, `cancelled` when stopped meanwhile
   * @throws ProcessFailure a process that could not start
   */
  async start(): Promise<void> {
    this.#lock = lockData(this.#options.dataDirectory)
    try {
      await this.#startAll()
    } catch (error) {
      const stopped = this.#stopRequest.signal.aborted
      await this.stop()
      if (!stopped) throw error
      throw (await this.closed) ?? new HypershardError('cancelled', 'stopped before the cluster was ready')
    }
  }

  /**
   * Stops the coordinator, then the indexer, the shard servers and the encoder services: work under way may end. Nobody drains
   * for whom all others end too.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll(undefined)
    return this.#stopped
  }

  /** Ends every process at once. */
  kill(): void {
    this.#stopRequest.abort()
    for (const service of this.#processes) service.kill('SIGKILL')
  }

  /** Starts a process again where it was, stopping it first if it runs: it may drain. Returns when it is ready. */
  async restartProcess(name: string): Promise<void> {
    const service = this.#find(name)
    const revival = this.#revivals.get(service)
    if (revival !== undefined) return revival
    await service.stop('SIGTERM', service.plan.drainMsMax + stopGraceMs)
    await service.start()
  }

  /**
   * One shard server more, with the threads and memory of those there are. It is ready when this returns; coordinators
   * hear of it from the Redis in which servers announce themselves.
   * @throws HypershardError `invalid_request` where the servers are a fixed list
   * @throws ProcessFailure it could not start; the cluster is as before
   */
  addShardServer(): Promise<ClusterProcess> {
    return this.#startOneMore('shard')
  }

  /** One encoder service more; as `addShardServer`. */
  addEncoder(): Promise<ClusterProcess> {
    return this.#startOneMore('encoder')
  }

  /**
   * Takes a shard server or an encoder service away for good: nobody starts it again, and its name is not used again.
   * @param signal SIGTERM lets it finish what it does, SIGKILL is a loss
   * @returns how it ended; undefined where it was down
   * @throws HypershardError `invalid_request` for another process
   */
  async removeProcess(name: string, { signal }: { signal: NodeJS.Signals }): Promise<ProcessExit | undefined> {
    const service = this.#find(name)
    if (service.plan.kind !== 'shard' && service.plan.kind !== 'encoder') {
      throw new HypershardError('invalid_request', `the cluster cannot go on without its process \`${name}\``)
    }
    // One that is being started again is removed once it is up.
    await this.#revivals.get(service)
    const exit = await service.stop(signal, service.plan.drainMsMax + stopGraceMs)
    this.#forget(service)
    this.#tell({ type: 'removed', name, exit })
    return exit
  }

  async #startOneMore(kind: 'shard' | 'encoder'): Promise<ClusterProcess> {
    this.#stopRequest.signal.throwIfAborted()
    if (membershipRedisOf(this.#options) === undefined) {
      throw new HypershardError(
        'invalid_request',
        'the servers of this cluster are a fixed list; start it with HYPERSHARD_MEMBERSHIP_REDIS_URL to add to them',
      )
    }
    const startMs = this.#clock.monotonicMs()
    const service = this.#addNext(kind)
    try {
      await service.start()
    } catch (error) {
      this.#forget(service)
      throw error
    }
    this.#tell({ type: 'added', name: service.name, tookMs: this.#clock.monotonicMs() - startMs })
    return describe(service)
  }

  #addNext(kind: 'shard' | 'encoder'): ServiceProcess {
    this.#counts[kind]++
    const planOne = kind === 'shard' ? planShardServer : planEncoder
    return this.#add(planOne(this.#options, this.#counts[kind]))
  }

  #forget(service: ServiceProcess): void {
    const at = this.#processes.indexOf(service)
    if (at >= 0) this.#processes.splice(at, 1)
    this.#budgets.delete(service)
  }

  async #startAll(): Promise<void> {
    const settings = this.#options
    const encoders = Array.from({ length: settings.encoders ?? 1 }, () => this.#addNext('encoder'))
    const shardServers = Array.from({ length: settings.shardServers }, () => this.#addNext('shard'))
    // Both take their time to load; a failure of one is told while the steps are awaited in order.
    const shardsStarted = Promise.all(shardServers.map(service => service.start()))
    shardsStarted.catch(() => {})
    await this.#step('encoder service', () => Promise.all(encoders.map(service => service.start())))
    await this.#step('shard servers', () => shardsStarted)
    const peers = {
      encoders: encoders.map(grpcAddressOf),
      shardServers: shardServers.map(grpcAddressOf),
    }
    const coordinator = this.#add(planCoordinator(settings, peers))
    await this.#step('coordinator', () => coordinator.start())
    const indexer = this.#add(planIndexer(settings, { ...peers, coordinator: this.#internalAddress }))
    await this.#step('indexer', () => indexer.start())
    await this.#step('cluster ready', () => waitUntilReady(this, this.#stopRequest.signal))
  }

  async #step(step: StartStep, work: () => Promise<unknown>): Promise<void> {
    this.#stopRequest.signal.throwIfAborted()
    const startMs = this.#clock.monotonicMs()
    this.#tell({ type: 'starting', step })
    await work()
    this.#tell({ type: 'started', step, tookMs: this.#clock.monotonicMs() - startMs })
  }

  #add(plan: ProcessPlan): ServiceProcess {
    const logs = join(this.#options.dataDirectory, 'logs')
    makeFolder(logs, `folder of logs ${logs}`)
    const logPath = join(logs, `${plan.name}.log`)
    try {
      rotateLog(logPath)
    } catch (error) {
      throw toFolderFailure(`log ${logPath}`, error)
    }
    const service = new ServiceProcess(plan, logPath, (crashed, exit) => this.#onCrash(crashed, exit))
    this.#processes.push(service)
    this.#budgets.set(service, new RestartBudget())
    return service
  }

  #onCrash(service: ServiceProcess, exit: ProcessExit): void {
    if (this.#stopRequest.signal.aborted) return
    if (!this.#options.restart) {
      this.#tell({ type: 'crashed', name: service.name, exit })
      return
    }
    const revival = this.#revive(service, exit).catch(error => {
      if (this.#stopRequest.signal.aborted) return
      this.#stopped ??= this.#stopAll(error instanceof ProcessFailure ? error : service.failure('could not be revived'))
    })
    this.#revivals.set(service, revival)
    revival.finally(() => this.#revivals.delete(service))
  }

  /** Starts a crashed process again until it stays, or the budget is spent. */
  async #revive(service: ServiceProcess, exit: ProcessExit): Promise<void> {
    for (let last = exit; ; ) {
      const waitMs = this.#budgets.get(service)?.take(this.#clock.monotonicMs())
      if (waitMs === undefined) throw service.failure('crashed too often within a minute', last)
      this.#tell({ type: 'crashed', name: service.name, exit: last, restartInMs: waitMs })
      await wait(waitMs, undefined, { signal: this.#stopRequest.signal })
      const startMs = this.#clock.monotonicMs()
      try {
        await service.start()
        this.#tell({ type: 'restarted', name: service.name, tookMs: this.#clock.monotonicMs() - startMs })
        return
      } catch (error) {
        if (!(error instanceof ProcessFailure) || error.needsMending) throw error
        last = error.exit ?? last
      }
    }
  }

  async #stopAll(failure: ProcessFailure | undefined): Promise<void> {
    const startMs = this.#clock.monotonicMs()
    this.#tell({ type: 'stopping' })
    this.#stopRequest.abort()
    for (const kind of ['coordinator', 'indexer', 'shard', 'encoder'] as const) {
      const services = this.#processes.filter(service => service.plan.kind === kind)
      await Promise.all(services.map(service => service.stop('SIGINT', stopGraceMs)))
    }
    this.#lock?.release()
    this.#tell({ type: 'stopped', tookMs: this.#clock.monotonicMs() - startMs })
    this.#closed.resolve(failure)
  }

  #find(name: string): ServiceProcess {
    const found = this.#processes.find(service => service.name === name)
    if (found === undefined) throw new HypershardError('invalid_request', `the cluster has no process \`${name}\``)
    return found
  }

  #tell(event: ClusterEvent): void {
    this.#options.onEvent?.(event)
  }
}

function describe(service: ServiceProcess): ClusterProcess {
  return {
    name: service.name,
    pid: service.pid,
    address: service.addresses.http ?? service.addresses.grpc ?? '',
    adminAddress: service.addresses.admin ?? '',
    logPath: service.logPath,
    kill: signal => service.kill(signal),
  }
}

function grpcAddressOf(service: ServiceProcess): string {
  const address = service.addresses.grpc
  if (address === undefined) throw service.failure('announced no gRPC address')
  return address
}

/** An address that listens everywhere is reached on this machine. */
function reachable(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, '127.0.0.1')
}
