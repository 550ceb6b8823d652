import { Random } from '@hypershard/harness'
import { MemberLoad } from '../cluster/member-load.ts'
import { orderReplicas } from '../search/replica-choice.ts'

export interface ReplicaSimulation {
  readonly seed: number
  readonly servers: number
  readonly replicas: number
  readonly coordinators: number
  /** On average; drawn for every call from an exponential distribution. */
  readonly serviceMs: number
  /** Of what all servers could do, 0 to 1. Calls come as a Poisson process. */
  readonly load: number
  readonly calls: number
  readonly policy: 'random' | 'outstanding' | 'expected time'
  /** Of a server: there and back again. */
  readonly delayMs?: (server: number) => number
  /** Of a server: how often longer its service takes. */
  readonly slowness?: (server: number) => number
  /** A server that comes to life again, and when. */
  readonly restartedAtMs?: readonly [server: number, atMs: number]
}

export interface SimulatedCall {
  readonly server: number
  readonly startMs: number
  readonly tookMs: number
}

interface Ending {
  readonly atMs: number
  readonly end: () => void
}

/** Servers with one queue each, and coordinators that choose among replicas by what each has seen itself. */
export function simulateReplicas(simulation: ReplicaSimulation): SimulatedCall[] {
  const { servers, coordinators, serviceMs, load, delayMs = () => 0, slowness = () => 1 } = simulation
  const random = new Random(simulation.seed)
  const freeAtMs = Array.from({ length: servers }, () => 0)
  const views = Array.from({ length: coordinators }, () =>
    Array.from({ length: servers }, (_, server) => ({ server, load: new MemberLoad() })),
  )
  const endings: Ending[] = []
  const done: SimulatedCall[] = []
  let restart = simulation.restartedAtMs
  let nowMs = 0
  for (let call = 0; call < simulation.calls; call++) {
    nowMs += (-Math.log(1 - random.next()) * serviceMs) / (load * servers)
    for (const { end } of dueAt(endings, nowMs)) end()
    if (restart !== undefined && nowMs >= restart[1]) {
      for (const view of views) view[restart[0]]!.load.start(nowMs)
      restart = undefined
    }
    const first = random.below(servers)
    const view = random.pick(views)
    const holders = Array.from({ length: simulation.replicas }, (_, at) => view[(first + at) % servers]!)
    const { server, load: seen } = choose(holders, simulation.policy, random, nowMs)
    const work = -Math.log(1 - random.next()) * serviceMs * slowness(server)
    const arrivedMs = nowMs + delayMs(server) / 2
    const beginMs = Math.max(arrivedMs, freeAtMs[server]!)
    freeAtMs[server] = beginMs + work
    const endMs = beginMs + work + delayMs(server) / 2
    const underWay = seen.begin(1_000, nowMs)
    insert(endings, { atMs: endMs, end: () => underWay.answered({ serviceMs: work }, endMs) })
    done.push({ server, startMs: nowMs, tookMs: endMs - nowMs })
  }
  return done
}

interface Holder {
  readonly server: number
  readonly load: MemberLoad
}

function choose(
  holders: readonly Holder[],
  policy: ReplicaSimulation['policy'],
  random: Random,
  nowMs: number,
): Holder {
  if (policy === 'random') return random.pick(holders)
  if (policy === 'expected time') return orderReplicas(holders, () => random.next(), nowMs)[0]!
  const one = random.pick(holders)
  const other = random.pick(holders.filter(holder => holder !== one))
  return other.load.outstanding < one.load.outstanding ? other : one
}

/** By time, ascending. */
function insert(endings: Ending[], ending: Ending): void {
  let at = endings.length
  while (at > 0 && endings[at - 1]!.atMs > ending.atMs) at--
  endings.splice(at, 0, ending)
}

function dueAt(endings: Ending[], nowMs: number): Ending[] {
  const later = endings.findIndex(({ atMs }) => atMs > nowMs)
  return endings.splice(0, later === -1 ? endings.length : later)
}
