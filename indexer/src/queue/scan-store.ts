import { type Clock, HypershardError } from '@hypershard/common'
import {
  type GenerationRecord,
  type GenerationState,
  type IndexRecord,
  isBackfilled,
  isWorkedOn,
  latestManifest,
  listGenerations,
  listIndexNames,
  type Manifest,
  newerManifest,
  type ObjectStore,
  readGeneration,
  readGenerationState,
  readIndex,
  readLogEntry,
} from '@hypershard/storage'
import { planCompaction } from '../compact/plan-compaction.ts'
import type { Job } from './job.ts'

/**
 * How often the list of indexes and generations is read anew, at most a second apart; between two, only known ones are
 * looked at. Listing costs a request for each index, so it is done at one scan in ten.
 */
const listEveryMs = (scanEveryMs: number) => Math.min(1_000, 10 * scanEveryMs)

/** How often old files are looked for. */
const collectEveryMs = 60_000

/**
 * Slices of one generation that a scan names: more than all indexers of a cluster copy at a time, and few enough that
 * naming them again at every scan costs the queue little. A scan names the next ones as these get done.
 */
export const slicesNamedMax = 256

interface Known {
  readonly record: IndexRecord
  readonly generation: GenerationRecord
  readonly state: GenerationState
  manifest: Manifest
}

/**
 * Finds out from the object store alone what there is to do. Called every tenth of a second or so; what it knows saves
 * reading again what cannot change.
 */
export class StoreScanner {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #listEveryMs: number
  #known: readonly Known[] = []
  #listedAtMs = Number.NEGATIVE_INFINITY
  #collectedAtMs: number

  /** @param scanEveryMs how often `findWork` will be called */
  constructor(store: ObjectStore, clock: Clock, scanEveryMs: number) {
    this.#store = store
    this.#clock = clock
    this.#listEveryMs = listEveryMs(scanEveryMs)
    this.#collectedAtMs = clock.monotonicMs()
  }

  /**
   * What is to be done now. What can only be done after it is found by a later scan, once it is done.
   * @param isDue whether a job may be done yet; one that may not takes no other's place among the slices
   * @throws HypershardError `storage_failed`; an index that is damaged has no jobs
   */
  async findWork(isDue: (job: Job) => boolean): Promise<Job[]> {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#listedAtMs >= this.#listEveryMs) {
      this.#known = await this.#list()
      this.#listedAtMs = nowMs
    }
    const found = await Promise.all(this.#known.map(known => this.#workOf(known, isDue)))
    const jobs = found.flat()
    if (nowMs - this.#collectedAtMs >= collectEveryMs) {
      this.#collectedAtMs = nowMs
      jobs.push({ kind: 'collect' })
    }
    return jobs.filter(isDue)
  }

  async #workOf(known: Known, isDue: (job: Job) => boolean): Promise<Job[]> {
    const { state, generation } = known
    if (state.paused || !isWorkedOn(generation, state)) return []
    return unlessGone(async () => {
      known.manifest = await newerManifest(this.#store, known.manifest)
      const { index, indexUid } = generation
      const target = { index, indexUid, generation: generation.generation }
      const { manifest } = known
      if (!isBackfilled(manifest)) {
        const slices = missingSlices(manifest).map((slice): Job => ({ kind: 'backfill', ...target, slice }))
        return slices.filter(isDue).slice(0, slicesNamedMax)
      }
      const next = await readLogEntry(this.#store, target, manifest.log.sequence + 1)
      const jobs: Job[] = next === undefined ? [] : [{ kind: 'advance', ...target }]
      if (planCompaction(manifest, state) !== undefined) jobs.push({ kind: 'compact', ...target })
      return jobs
    }, [])
  }

  async #list(): Promise<Known[]> {
    const found: Known[] = []
    for (const name of await listIndexNames(this.#store)) {
      const record = await unlessGone(() => readIndex(this.#store, name), undefined)
      if (record === undefined) continue
      for (const generation of await listGenerations(this.#store, record)) {
        const known = await unlessGone(() => this.#read(record, generation), undefined)
        if (known !== undefined) found.push(known)
      }
    }
    return found
  }

  async #read(record: IndexRecord, number: number): Promise<Known> {
    const before = this.#known.find(
      ({ generation }) => generation.indexUid === record.uid && generation.generation === number,
    )
    const generation = before?.generation ?? (await readGeneration(this.#store, record, number))
    const state = await readGenerationState(this.#store, { index: record.name, generation: number })
    const manifest = before?.manifest ?? (await latestManifest(this.#store, generation))
    return { record, generation, state, manifest }
  }
}

/** The slices of the source generation that are not in yet, ascending. */
function missingSlices({ backfill }: Manifest): number[] {
  if (backfill === null) return []
  const done = new Set(backfill.done)
  return Array.from({ length: backfill.slices }, (_, slice) => slice).filter(slice => !done.has(slice))
}

/** What is deleted or damaged has no work; its damage is told where it is searched. */
async function unlessGone<Result, Otherwise>(
  step: () => Promise<Result>,
  otherwise: Otherwise,
): Promise<Result | Otherwise> {
  try {
    return await step()
  } catch (error) {
    const codes = ['index_not_found', 'generation_not_found', 'corrupt_data']
    if (error instanceof HypershardError && codes.includes(error.code)) return otherwise
    throw error
  }
}
