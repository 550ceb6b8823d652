import { setTimeout as wait } from 'node:timers/promises'
import { messageOf } from '@hypershard/common'
import { Random, VirtualTime, withSeededChance } from '@hypershard/harness'
import { checkHedges } from '@hypershard/harness/invariants'
import { harmlessEvents, type Theme, themes } from './events.ts'
import { SearchingClient, type Tally } from './searching-client.ts'
import { type Shape, servedAgainMs, World } from './world.ts'

/** What a seed came to: a simulation in which one of these never comes is blind. */
export interface FanOutTally extends Tally {
  hedges: number
}

/** What happens: all kinds of things at a time, or one harmless thing after the other. */
export type Weather = 'storm' | 'calm'

const eventsMax = 10

/** Until everything is loaded for the first time. */
const startMs = 4_000

/** Plays one history of a cluster. @throws AssertionError when a promise is broken, with what happened last */
export function simulateFanOut(seed: number, weather: Weather): Promise<FanOutTally> {
  // Where shards are placed depends on the uid of their index, and whom a search asks on chance.
  return withSeededChance(new Random(seed + 1_000_000), () => playSeed(seed, weather))
}

async function playSeed(seed: number, weather: Weather): Promise<FanOutTally> {
  const time = VirtualTime.install()
  let world: World | undefined
  const playing = async () => {
    const random = new Random(seed)
    const theme = themes[seed % themes.length]!
    const shape = weather === 'calm' ? drawShape(random, weather) : { ...drawShape(random, weather), ...theme.shape }
    world = await World.create(random, shape, time)
    return play(world, weather, theme)
  }
  try {
    return await time.play(playing())
  } catch (error) {
    throw new Error(`seed ${seed}: ${messageOf(error)}\n${world?.lastLines}`, { cause: error })
  } finally {
    time.uninstall()
  }
}

function drawShape(random: Random, weather: Weather): Shape {
  return {
    servers: (weather === 'calm' ? 3 : 2) + random.below(3),
    zones: 1 + random.below(3),
    coordinators: 1 + random.below(2),
    shards: random.pick([1, 3, 8]),
    replicas: weather === 'calm' ? 2 : random.pick([1, 2, 2, 3]),
    documents: 60,
  }
}

/** Searches go on all the time, while things happen, and until everything must have been mended. */
async function play(world: World, weather: Weather, theme: Theme): Promise<FanOutTally> {
  const { random, coordinators } = world
  await wait(startMs)
  const clients = coordinators.map(coordinator => {
    const isCalm = weather === 'calm'
    const pauseMs = isCalm ? 100 : theme.pauseMs
    const options = { random: new Random(random.below(1e9)), pauseMs, neverMisses: isCalm }
    return new SearchingClient(world, coordinator, options)
  })
  const happening = weather === 'calm' ? oneByOne(world) : allAtOnce(world, theme)
  await Promise.race([world.failed, happening])
  for (const client of clients) await client.stop()
  await world.stop()
  const tally: FanOutTally = { whole: 0, partial: 0, failed: 0, cancelled: 0, hedges: 0 }
  for (const client of clients) {
    for (const [name, times] of Object.entries(client.tally)) tally[name as keyof Tally] += times
  }
  for (const { name } of coordinators) {
    const calls = world.network.calls.filter(({ from }) => from === name)
    const timesOf = (some: typeof calls) => some.map(({ atMs }) => atMs)
    const hedgesMs = timesOf(calls.filter(({ isHedge }) => isHedge))
    const firstMs = timesOf(calls.filter(({ isHedge }) => !isHedge))
    checkHedges({ firstMs, hedgesMs }, { shareMax: 0.05, windowMs: 10_000, burstMax: 10 })
    tally.hedges += hedgesMs.length
  }
  return tally
}

async function allAtOnce(world: World, { events }: Theme): Promise<void> {
  const { random } = world
  const happening: Promise<void>[] = []
  for (let at = 0; at < eventsMax; at++) {
    happening.push(random.pick(events)(world))
    await wait(random.below(1_500))
  }
  await Promise.all(happening)
  await wait(servedAgainMs + 1_000)
}

/** Each time until every shard has all of its holders again. */
async function oneByOne(world: World): Promise<void> {
  for (let at = 0; at < eventsMax / 2; at++) {
    await world.random.pick(harmlessEvents)(world)
    await wait(servedAgainMs)
  }
}
