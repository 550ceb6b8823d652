/**
 * `generations/<n>/state/<version>.json`: what is to become of a generation. Each change is the next version, created
 * if nobody else created it. docs/formats/generation.md.
 */

import { type Clock, retryOnConflict, systemClock } from '@hypershard/common'
import { generationPhases, sampleQueriesSchema } from '@hypershard/contract'
import { z } from 'zod'
import { decodeStored } from '../../corrupt-data.ts'
import { type GenerationReference, generationStateKey, generationStatesFolder, numberOfKey } from '../../layout.ts'
import { openSealedJson, sealJson } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { GenerationRecord } from './generation-record.ts'

const stateSchema = z.strictObject({
  format: z.literal('hypershard.generation-state/1'),
  version: z.int().min(0),
  /**
   * building: being filled, not searched. live: searched, or ready to be. cancelled: given up while being built.
   * dropped: not wanted any more. Of the last two the files go.
   */
  phase: z.enum(generationPhases),
  paused: z.boolean(),
  /** Most documents encoded a second; null for no limit. */
  documentsPerSecondMax: z.number().positive().nullable(),
  /** Slow down while the slowest searches (p99) take longer, in milliseconds; null for never. */
  searchP99MsMax: z.number().positive().nullable(),
  /** What slowing down for searches has come to; null while it is not needed. */
  slowedToDocumentsPerSecond: z.number().positive().nullable(),
  /** What graphs are calibrated with from now on; null for queries made of documents. */
  sampleQueries: sampleQueriesSchema.nullable().default(null),
  changedAt: z.iso.datetime(),
})

export type GenerationState = Readonly<z.output<typeof stateSchema>>

export type GenerationChange = Partial<Omit<GenerationState, 'format' | 'version' | 'changedAt'>>

const changeAttemptsMax = 100

/**
 * @param generation its number decides what holds before the first change: the first is live, later ones are being built
 * @throws HypershardError `corrupt_data`
 */
export async function readGenerationState(
  store: ObjectStore,
  generation: GenerationReference,
): Promise<GenerationState> {
  const key = (await store.list(generationStatesFolder(generation))).at(-1)
  const bytes = key === undefined ? undefined : await store.get(key)
  if (key === undefined || bytes === undefined) return initialState(generation)
  const { index } = generation
  const state = decodeStored(`index \`${index}\``, key, { index, key }, () => openSealedJson(stateSchema, bytes))
  return { ...state, version: numberOfKey(key) }
}

/**
 * @param decide what to change of the state found; undefined leaves it. Asked again when another change came first
 * @throws HypershardError what `decide` throws, `corrupt_data`, `conflict`
 */
export async function changeGenerationState(
  store: ObjectStore,
  generation: GenerationReference,
  decide: (state: GenerationState) => GenerationChange | undefined,
  clock: Clock = systemClock,
): Promise<GenerationState> {
  return retryOnConflict({ attemptsMax: changeAttemptsMax, clock }, async () => {
    const state = await readGenerationState(store, generation)
    const change = decide(state)
    if (change === undefined) return state
    const changedAt = new Date(clock.now()).toISOString()
    const next: GenerationState = { ...state, ...change, version: state.version + 1, changedAt }
    await store.putIfAbsent(generationStateKey(generation, next.version), sealJson(stateSchema.parse(next)))
    return next
  })
}

/**
 * Whether indexers work on a generation: it is live, or being filled. One that is being restored is left alone until it
 * is live: only then is it certain that its files are there.
 */
export function isWorkedOn(generation: Pick<GenerationRecord, 'source'>, { phase }: GenerationState): boolean {
  return phase === 'live' || (phase === 'building' && generation.source?.restored === undefined)
}

function initialState({ generation }: GenerationReference): GenerationState {
  return {
    format: 'hypershard.generation-state/1',
    version: 0,
    phase: generation === 1 ? 'live' : 'building',
    paused: false,
    documentsPerSecondMax: null,
    searchP99MsMax: null,
    slowedToDocumentsPerSecond: null,
    sampleQueries: null,
    changedAt: new Date(0).toISOString(),
  }
}

/** Documents that may be encoded a second; null for no limit. */
export function rateLimit(state: GenerationState): number | null {
  const { documentsPerSecondMax: asked, slowedToDocumentsPerSecond: slowed } = state
  if (asked === null || slowed === null) return asked ?? slowed
  return Math.min(asked, slowed)
}
