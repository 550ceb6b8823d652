import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { HypershardError, systemClock } from '@hypershard/common'
import { Random } from '@hypershard/harness'
import {
  type AliasTarget,
  changeAliases,
  createIndex,
  deleteIndex,
  entryOf,
  forgetOwnName,
  type IndexRecord,
  latestAliasTable,
  type ObjectStore,
  readIndex,
  releaseAliases,
} from '@hypershard/storage'
import { Crashed, SimulatedStore, type Weather } from './simulated-store.ts'
import { unless } from './unless.ts'

const seeds = Number(process.env.SIMULATION_SEEDS ?? 1_500)
const from = Number(process.env.SIMULATION_FROM ?? 1)
const settings = { model: { name: 'words', digest: 'ab'.repeat(32) }, vectorWidth: 2, shards: 1, replicas: 1 }
const stepsMax = 5_000

/** What one process of a history was answered; undefined when it was refused, failed or died. */
interface Outcome {
  readonly created: IndexRecord | undefined
  readonly aliased: true | undefined
  readonly deleted: true | undefined
  /** Whether the process that made the alias died or met a failure, and may have left half of it. */
  readonly halfAliased: boolean
}

/**
 * Up to three coordinators at once: one makes `live` an alias of `papers`, one may create an index `live`, one may delete
 * `papers`.
 * @throws AssertionError when a name is both, an alias that was answered for leads nowhere, or what was answered for is gone
 */
async function play(seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const store = new SimulatedStore(random, tmpdir())
  const work = <T>(name: string, process: (own: ObjectStore) => Promise<T>) => store.run(name, process)
  const [papers] = await Promise.all([
    work('first', own => createIndex(own, { name: 'papers', ...settings })),
    store.play(stepsMax),
  ])
  store.weather = random.pick<Weather>([
    { failure: 0, crash: 0 },
    { failure: 0, crash: 0 },
    { failure: 0.05, crash: 0.05 },
  ])
  const to: AliasTarget = { index: 'papers', indexUid: papers.uid, generation: 1 }
  const mode = random.pick(['refuse', 'delete'] as const)
  const [creates, deletes] = [random.chance(0.7), random.chance(0.6)]
  let halfAliased = false
  const answered = <T>(promise: Promise<T>) => promise.catch(error => refusedOrDead(error))
  const [created, aliased, deleted] = await Promise.all([
    creates ? answered(work('creator', own => createIndex(own, { name: 'live', ...settings }))) : undefined,
    answered(
      work('namer', async own => {
        await changeAliases(own, await latestAliasTable(own), [{ name: 'live', to }])
        return true as const
      }).catch(error => {
        halfAliased = error instanceof Crashed || (error as HypershardError).code === 'storage_failed'
        throw error
      }),
    ),
    deletes
      ? answered(
          work('deleter', async own => {
            await deleteIndex(own, 'papers', { release: () => releaseAliases(own, papers, mode) })
            await forgetOwnName(own, papers)
            return true as const
          }),
        )
      : undefined,
    store.play(stepsMax),
  ])
  store.weather = { failure: 0, crash: 0 }
  const outcome = { created, aliased, deleted, halfAliased }
  const check = work('check', own => checkNames(own, papers, outcome))
  await Promise.all([check, store.play(stepsMax)])
  return outcome
}

async function checkNames(store: ObjectStore, papers: IndexRecord, outcome: Outcome): Promise<void> {
  const { created, aliased, deleted, halfAliased } = outcome
  const entry = entryOf(await latestAliasTable(store), 'live')
  const index = await readIndex(store, 'live').catch(unless('index_not_found'))
  const target = await readIndex(store, 'papers').catch(unless('index_not_found'))
  if (created !== undefined) assert.equal(index?.uid, created.uid, 'the index that was answered for is there')
  if (deleted) assert.notEqual(target?.uid, papers.uid, 'the index whose deletion was answered for is gone')
  // The index decides what is half done, so only what was answered for may not be beside one.
  if (entry !== undefined && !halfAliased) assert.equal(index, undefined, 'no name is both')
  if (entry !== undefined && !halfAliased) assert.equal(target?.uid, entry.indexUid, 'no alias leads nowhere')
  if (aliased && entry === undefined) assert.equal(target, undefined, 'an alias goes with its index alone')
}

/** Two coordinators create one index, over what a deletion left or not; each writes to it once it has it. */
async function playCreations(seed: number): Promise<number> {
  const random = new Random(seed)
  const store = new SimulatedStore(random, tmpdir())
  const folder = 'indexes/live/generations/1/'
  const written = (record: IndexRecord) => Buffer.from(record.uid)
  for (const name of ['generation.json', 'manifest/0000000001.json', 'manifest/0000000002.json']) {
    if (random.chance(0.5)) store.objects.set(folder + name, new Uint8Array(1))
  }
  const crash = random.pick([0, 0, 0.05])
  store.weather = { failure: 0, crash }
  const create = (name: string) => {
    const clones = random.chance(0.5)
    const prepare = (own: ObjectStore) => (record: IndexRecord) => own.put(`${folder}generation.json`, written(record))
    const begun = store.run(name, async own => {
      const record = await createIndex(
        own,
        { name: 'live', ...settings },
        systemClock,
        clones ? prepare(own) : undefined,
      )
      await own.put(`${folder}manifest/0000000001.json`, written(record))
      return { record, clones }
    })
    return begun.catch(error => refusedOrDead(error))
  }
  const [one, other] = await Promise.all([create('one'), create('other'), store.play(stepsMax)])
  const created = [one, other].filter(outcome => outcome !== undefined)
  assert.ok(created.length <= 1, 'one index was created twice')
  for (const { record, clones } of created) {
    const uid = JSON.parse(Buffer.from(store.objects.get('indexes/live/index.json')!).toString()).uid
    assert.equal(uid, record.uid, 'the record of an index that was created is there')
    const expected = ['manifest/0000000001.json', ...(clones ? ['generation.json'] : [])]
    for (const name of expected) {
      assert.deepEqual(Buffer.from(store.objects.get(folder + name) ?? []).toString(), record.uid, `${name} is its own`)
    }
    assert.equal(store.objects.has(`${folder}manifest/0000000002.json`), false, 'nothing is left of the one before')
  }
  return created.length
}

function refusedOrDead(error: unknown): undefined {
  const expected = ['conflict', 'index_exists', 'index_not_found', 'index_in_use', 'storage_failed']
  if (error instanceof Crashed) return
  if (!(error instanceof HypershardError && expected.includes(error.code))) throw error
}

describe('names that several coordinators take and give up at once', function () {
  this.timeout(Math.max(30_000, seeds * 20))

  it(`make one index at most when two create it (${seeds} seeds)`, async () => {
    let created = 0
    for (let seed = from; seed < from + seeds; seed++) {
      created += await playCreations(seed).catch(error => {
        throw new Error(`SIMULATION_FROM=${seed} SIMULATION_SEEDS=1: ${String(error)}`, { cause: error })
      })
    }
    assert.ok(created > seeds / 3, `${created} were created`)
  })

  it(`are an index's or an alias's, and lead somewhere (${seeds} seeds)`, async () => {
    const sum = { created: 0, aliased: 0, deleted: 0, neither: 0 }
    for (let seed = from; seed < from + seeds; seed++) {
      const outcome = await play(seed).catch(error => {
        throw new Error(`SIMULATION_FROM=${seed} SIMULATION_SEEDS=1: ${String(error)}`, { cause: error })
      })
      if (outcome.created) sum.created++
      if (outcome.aliased) sum.aliased++
      if (outcome.deleted) sum.deleted++
      if (!outcome.created && !outcome.aliased) sum.neither++
    }
    // A simulation in which one of these hardly ever happens is blind.
    for (const [name, total] of Object.entries(sum)) assert.ok(total > seeds / 50, `${name}: ${total}`)
  })
})
