import { setTimeout as wait } from 'node:timers/promises'
import type { Greeting, HypershardClient } from '@hypershard/client'
import { messageOf } from '@hypershard/common'
import type {
  ClusterDescription,
  GenerationDescription,
  IndexDescription,
  IndexList,
  ModelDescription,
} from '@hypershard/contract'
import { type AdminFacts, askAdmin } from './ask-admin.ts'

/** What one coordinator says. */
export interface CoordinatorFacts {
  readonly url: string
  /** Undefined of one that does not answer. */
  readonly greeting: Greeting | undefined
  /** What it misses; undefined while it is ready. */
  readonly notReady: string | undefined
  readonly cluster: ClusterDescription | undefined
  /** The first thing that it could not be asked, and why. */
  readonly failure: string | undefined
}

/** All that is asked of a running cluster, once. */
export interface ClusterFacts {
  /** Of this command. */
  readonly version: string
  readonly coordinators: readonly CoordinatorFacts[]
  readonly admins: readonly AdminFacts[]
  /** Of the first coordinator that tells; undefined where none does. */
  readonly indexes: readonly IndexDescription[] | undefined
  readonly damaged: IndexList['failed']
  readonly generations: readonly GenerationDescription[] | undefined
  readonly models: readonly ModelDescription[] | undefined
  /** Asks for one generation again, a little later. */
  readonly askLater: (generation: GenerationDescription, signal: AbortSignal) => Promise<GenerationDescription>
}

/** As the first coordinator that tells of it sees the cluster. */
export function firstCluster({ coordinators }: ClusterFacts): ClusterDescription | undefined {
  return coordinators.find(({ cluster }) => cluster !== undefined)?.cluster
}

export interface Asked {
  readonly version: string
  /** The first is the one that lists of indexes and models come from. */
  readonly coordinators: readonly { readonly url: string; readonly api: HypershardClient }[]
  /** `host:port` of admin listeners. */
  readonly admins: readonly string[]
}

/** Between two looks at a generation. */
const laterMs = 500

/** Indexes whose generations are asked for at a time. */
const indexesAtATime = 8

export async function gatherCluster({ version, coordinators, admins }: Asked): Promise<ClusterFacts> {
  const [described, adminFacts] = await Promise.all([
    Promise.all(coordinators.map(({ url, api }) => askCoordinator(url, api))),
    Promise.all(admins.map(askAdmin)),
  ])
  const telling = described.findIndex(({ cluster }) => cluster !== undefined)
  const { api } = coordinators[Math.max(0, telling)]!
  const [list, models] =
    telling < 0 ? [] : await Promise.all([orUndefined(api.listIndexes()), orUndefined(api.listModels())])
  return {
    version,
    coordinators: described,
    admins: adminFacts,
    indexes: list?.indexes,
    damaged: list?.failed ?? [],
    generations: list && (await orUndefined(listGenerations(api, list.indexes))),
    models: models?.models,
    askLater: async ({ index, generation }, signal) => {
      await wait(laterMs, undefined, { signal })
      return api.describeGeneration(index, generation)
    },
  }
}

async function askCoordinator(url: string, api: HypershardClient): Promise<CoordinatorFacts> {
  const failures: string[] = []
  const ask = async <Answer>(question: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await question
    } catch (error) {
      failures.push(messageOf(error))
      return undefined
    }
  }
  const greeting = await ask(api.greet())
  if (greeting === undefined) {
    return { url, greeting, notReady: undefined, cluster: undefined, failure: failures[0] }
  }
  const notReady = api.requireReady().then(() => undefined, messageOf)
  const cluster = await ask(api.describeCluster())
  return { url, greeting, notReady: await notReady, cluster, failure: failures[0] }
}

async function listGenerations(
  api: HypershardClient,
  indexes: readonly IndexDescription[],
): Promise<readonly GenerationDescription[]> {
  const generations: GenerationDescription[] = []
  for (let from = 0; from < indexes.length; from += indexesAtATime) {
    const some = indexes.slice(from, from + indexesAtATime)
    const lists = await Promise.all(some.map(({ name }) => api.listGenerations(name)))
    generations.push(...lists.flatMap(list => list.generations))
  }
  return generations
}

/** What cannot be asked is told by the checks that miss it. */
function orUndefined<Answer>(question: Promise<Answer>): Promise<Answer | undefined> {
  return question.catch(() => undefined)
}
