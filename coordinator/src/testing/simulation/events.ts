import { setTimeout as wait } from 'node:timers/promises'
import type { SimulatedHost } from './simulated-host.ts'
import { lies } from './simulated-server.ts'
import type { Shape, World } from './world.ts'

/** Something bad, or new, that happens to a cluster; it is over when it resolves. */
type Event = (world: World) => Promise<void>

const hostsMax = 6

const drainMsMax = 8_000

/** A server to which something may happen: another one goes on that has room for everything. */
const pick = (world: World): SimulatedHost | undefined => {
  const able = world.hosts.filter(host => !host.gone && !host.troubled && host.process !== undefined)
  const picked = able.length === 0 ? undefined : world.random.pick(able)
  const others = able.filter(host => host !== picked && host.named && host.shape.memoryBytes >= world.corpus.bytes)
  return others.length === 0 ? undefined : picked
}

/** Something that a server is in for a while. */
async function whileTroubled(host: SimulatedHost, ms: number): Promise<void> {
  host.troubled = true
  await wait(ms)
  host.troubled = false
}

const between = (world: World, min: number, max: number) => min + world.random.below(max - min)

const killAndStart: Event = async world => {
  const host = pick(world)
  if (host === undefined) return
  world.noteLoss(`${host.address} dies`)
  host.kill()
  await whileTroubled(host, between(world, 0, 3_000))
  host.start()
  world.noteLoss(`${host.address} is started again`)
}

const killForGood: Event = async world => {
  const host = pick(world)
  if (host === undefined) return
  world.noteLoss(`${host.address} dies for good`)
  host.gone = true
  host.kill()
}

const freeze: Event = async world => {
  const host = pick(world)
  if (host === undefined) return
  const { promise, resolve } = Promise.withResolvers<void>()
  world.noteLoss(`${host.address} is stopped`)
  host.mood.frozenUntil = promise
  await whileTroubled(host, between(world, 100, 4_000))
  host.mood.frozenUntil = undefined
  resolve()
  world.noteLoss(`${host.address} goes on`)
}

const slow: Event = async world => {
  const host = pick(world)
  if (host === undefined) return
  world.trace(`${host.address} becomes slow`)
  host.mood.slowMs = 300
  await whileTroubled(host, between(world, 1_000, 4_000))
  host.mood.slowMs = 0
  world.trace(`${host.address} is quick again`)
}

const lie: Event = async world => {
  const host = pick(world)
  if (host === undefined) return
  host.mood.lie = lies[world.lieTurn++ % lies.length]
  world.noteLoss(`${host.address} ${host.mood.lie}`)
  await whileTroubled(host, between(world, 500, 3_000))
  host.mood.lie = undefined
  world.noteLoss(`${host.address} tells the truth`)
}

/** Of one server from one coordinator or all, in one direction or both. */
const partition: Event = async world => {
  const host = pick(world)
  if (host === undefined) return
  const { random, coordinators, network } = world
  const cut = random.chance(0.5) ? coordinators : [random.pick(coordinators)]
  const [there, back] = random.pick([
    [true, true],
    [true, false],
    [false, true],
  ] as const)
  world.noteLoss(
    `${host.address} is cut from ${cut.map(({ name }) => name)}${there ? ' there' : ''}${back ? ' back' : ''}`,
  )
  for (const { name } of cut) {
    if (there) network.block(name, host.address)
    if (back) network.block(host.address, name)
  }
  await whileTroubled(host, between(world, 200, 5_000))
  for (const { name } of cut) {
    network.unblock(name, host.address)
    network.unblock(host.address, name)
  }
  world.noteLoss(`${host.address} is reached again`)
}

const badWeather: Event = async ({ network }) => {
  network.weather = { delayMs: 20, loss: 0.1 }
  await wait(1_500)
  network.weather = { delayMs: 1, loss: 0 }
}

const commit: Event = async world => {
  await world.corpus.commit(world.random.below(20))
  const what = `a version is committed, up to write ${world.corpus.sequence}`
  // A shard that has grown may not fit any more on the one server that has it, and the next one must load it.
  const isTight = world.hosts.some(({ gone, shape }) => !gone && shape.memoryBytes < world.corpus.bytes)
  if (isTight) world.noteLoss(what)
  else world.trace(what)
}

const joinWith =
  (memoryShares: readonly number[]): Event =>
  async world => {
    if (world.hosts.filter(({ gone }) => !gone).length >= hostsMax) return
    const host = world.addHost(world.random.pick(memoryShares))
    world.trace(`${host.address} joins, with ${host.shape.memoryBytes} bytes`)
    await world.tellMembers()
  }

const join = joinWith([0.3, 4, 4])
/** It has no room for everything. */
const joinSmall = joinWith([0.15])

/** Some searches of all servers take long, from one moment on. */
const jitter: Event = async world => {
  world.trace('one search in three is slow')
  for (const { mood } of world.hosts) Object.assign(mood, { slowMs: 200, slowShare: 0.3 })
  await wait(3_000)
  for (const { mood } of world.hosts) Object.assign(mood, { slowMs: 0, slowShare: 1 })
  world.trace('all are quick again')
}

/** It is no longer named, and goes on for a while. */
const leave: Event = async world => {
  const host = pick(world)
  if (host === undefined || !host.named) return
  host.named = false
  host.troubled = true
  world.trace(`${host.address} is not named any more`)
  await world.tellMembers()
  await wait(between(world, 2_000, 5_000))
  world.noteLoss(`${host.address} has left`)
  host.gone = true
  host.kill()
}

/** A server that is to go waits until no coordinator needs it, or no longer than it may. */
const drain: Event = async world => {
  const host = pick(world)
  if (host === undefined || !host.named) return
  const { process } = host
  host.troubled = true
  process!.draining = true
  world.trace(`${host.address} drains`)
  const endMs = world.nowMs + drainMsMax
  while (!process!.mayLeave(world.coordinators.length) && world.nowMs < endMs) await wait(100)
  // Nobody needs it: that it goes is no loss.
  if (process!.mayLeave(world.coordinators.length)) world.trace(`${host.address} goes, which nobody needs`)
  else world.noteLoss(`${host.address} goes, although it is needed`)
  host.gone = true
  host.kill()
  await wait(1_000)
  host.named = false
  await world.tellMembers()
}

/** What happens in a history, at a time. */
export interface Theme {
  readonly events: readonly Event[]
  /** What is not drawn. */
  readonly shape: Partial<Shape>
  /** Between two searches of a client. */
  readonly pauseMs: number
}

const everything = [killAndStart, killForGood, freeze, slow, lie, partition, badWeather, commit, join, leave, drain]

/** Few kinds of things in one history: among many, one hides the other. */
export const themes: readonly Theme[] = [
  { events: everything, shape: {}, pauseMs: 100 },
  { events: [killForGood, killAndStart, join], shape: { servers: 4, replicas: 1, shards: 8 }, pauseMs: 100 },
  { events: [lie], shape: { servers: 4, replicas: 1, shards: 8 }, pauseMs: 60 },
  { events: [drain, joinWith([4]), commit], shape: { servers: 4, replicas: 1, shards: 8 }, pauseMs: 50 },
  { events: [joinSmall, joinSmall, killForGood, commit], shape: { servers: 3, replicas: 1, shards: 8 }, pauseMs: 100 },
  { events: [jitter, commit], shape: { servers: 3, replicas: 2, shards: 8 }, pauseMs: 25 },
  { events: everything, shape: {}, pauseMs: 100 },
]

/** Each of them alone takes no shard away that has two holders. */
export const harmlessEvents: readonly Event[] = [
  killAndStart,
  killForGood,
  slow,
  badWeather,
  commit,
  join,
  leave,
  drain,
]
