/** Where everything lies in the object store; docs/formats has the formats. */
export const indexesFolder = 'indexes/'

/** One complete build of an index. */
export interface GenerationReference {
  readonly index: string
  readonly generation: number
}

export interface SegmentReference extends GenerationReference {
  /** SHA-256, hex, of the segment's `segment.json`. */
  readonly digest: string
}

export const indexFolder = (index: string): string => `${indexesFolder}${index}/`

export const indexKey = (index: string): string => `${indexFolder(index)}index.json`

/** There while an index is being deleted: nobody may clone it any more. */
export const deletingKey = (index: string): string => `${indexFolder(index)}deleting.json`

/** Each there while somebody creates the index: its name may not become an alias then. */
export const creatingFolder = (index: string): string => `${indexFolder(index)}creating/`

export const creatingKey = (index: string, uid: string): string => `${creatingFolder(index)}${uid}.json`

/** Since when files lie under a name that is no index's. */
export const leftoversFirstSeenKey = (index: string): string => `${indexFolder(index)}garbage.json`

export const snapshotsFolder = (index: string): string => `${indexFolder(index)}snapshots/`

export const snapshotKey = (index: string, name: string): string => `${snapshotsFolder(index)}${name}.json`

export const generationsFolder = (index: string): string => `${indexFolder(index)}generations/`

/** A log belongs to an index's identity: a writer that means a deleted index never reaches its successor's. */
export interface LogReference {
  readonly index: string
  readonly indexUid: string
}

export const logFolder = ({ index, indexUid }: LogReference): string => `${indexFolder(index)}log/${indexUid}/`

export const logEntriesFolder = (log: LogReference): string => `${logFolder(log)}entries/`

export const logEntryKey = (log: LogReference, sequence: number): string =>
  `${logEntriesFolder(log)}${tenDigits(sequence)}.json`

export const logPartsFolder = (log: LogReference): string => `${logFolder(log)}parts/`

export const logPartKey = (log: LogReference, name: string): string => `${logPartsFolder(log)}${name}.ndjson`

export const logTrimsFolder = (log: LogReference): string => `${logFolder(log)}trims/`

export const logTrimKey = (log: LogReference, sequence: number): string =>
  `${logTrimsFolder(log)}${tenDigits(sequence)}.json`

export const idempotencyKeysFolder = (log: LogReference): string => `${logFolder(log)}keys/`

/** @param digest SHA-256, hex, of the key */
export const idempotencyKey = (log: LogReference, digest: string): string =>
  `${idempotencyKeysFolder(log)}${digest}.json`

export const generationFolder = ({ index, generation }: GenerationReference): string =>
  `${generationsFolder(index)}${generation}/`

export const generationKey = (generation: GenerationReference): string =>
  `${generationFolder(generation)}generation.json`

export const generationStatesFolder = (generation: GenerationReference): string =>
  `${generationFolder(generation)}state/`

export const generationStateKey = (generation: GenerationReference, version: number): string =>
  `${generationStatesFolder(generation)}${tenDigits(version)}.json`

export const aliasesFolder = 'aliases/'

export const aliasTableKey = (version: number): string => `${aliasesFolder}${tenDigits(version)}.json`

export const modelsFolder = 'models/'

/** What is written and deleted again to see whether a store keeps its promises. */
export const probesFolder = 'probes/'

/** What makes q-nets of a model's token states. @param model its digest, SHA-256, hex, of `model.json` */
export const modelFolder = (model: string): string => `${modelsFolder}${model}/`

/** Stored last of a model's files: where this is, the hyper-head is. */
export const modelJsonKey = (model: string): string => `${modelFolder(model)}model.json`

/** @param digest SHA-256, hex, of the file */
export const hyperHeadKey = (model: string, digest: string): string => `${modelFolder(model)}${digest}.safetensors`

/** Since when no index has been of these models. */
export const modelsFirstSeenKey = `${modelsFolder}garbage.json`

export const manifestsFolder = (generation: GenerationReference): string => `${generationFolder(generation)}manifest/`

export const manifestKey = (generation: GenerationReference, version: number): string =>
  `${manifestsFolder(generation)}${tenDigits(version)}.json`

export const tombstonesKey = (generation: GenerationReference, digest: string): string =>
  `${generationFolder(generation)}tombstones/${digest}.safetensors`

export const rangeSampleKey = (generation: GenerationReference, digest: string): string =>
  `${generationFolder(generation)}calibration/${digest}.safetensors`

export const ownSamplesFolder = (generation: GenerationReference): string => `${generationFolder(generation)}samples/`

/** @param samples which they are among those that the generation had, and how many q-nets */
export const ownSamplesKey = (
  generation: GenerationReference,
  { number, qnets, digest }: { readonly number: number; readonly qnets: number; readonly digest: string },
): string => `${ownSamplesFolder(generation)}${tenDigits(number)}-${qnets}-${digest}.safetensors`

/** Undefined for any other key. */
export function ownSamplesOfKey(
  key: string,
): { readonly number: number; readonly qnets: number; readonly digest: string } | undefined {
  const [, number, qnets, digest] = /\/samples\/(\d{10})-(\d+)-([0-9a-f]{64})\.safetensors$/.exec(key) ?? []
  return digest === undefined ? undefined : { number: Number(number), qnets: Number(qnets), digest }
}

export const segmentFolder = (segment: SegmentReference): string =>
  `${generationFolder(segment)}segments/${segment.digest}/`

export const asideFolder = (generation: GenerationReference): string => `${generationFolder(generation)}aside/`

export const asideKey = (generation: GenerationReference, digest: string): string =>
  `${asideFolder(generation)}${digest}.ndjson`

/** Stored last of a segment's files: where this is, the segment is. */
export const segmentRecordKey = (segment: SegmentReference): string => `${segmentFolder(segment)}segment.json`

/** Since when nothing has needed files of the generation. */
export const firstSeenKey = (generation: GenerationReference): string => `${generationFolder(generation)}garbage.json`

/** When the idempotency keys were last looked through. */
export const keysCheckedKey = (log: LogReference): string => `${logFolder(log)}keys-checked.json`

export const logFirstSeenKey = (log: LogReference): string => `${logFolder(log)}garbage.json`

export const progressKey = (generation: GenerationReference): string => `${generationFolder(generation)}progress.json`

export const segmentsFolder = (generation: GenerationReference): string => `${generationFolder(generation)}segments/`

export const tombstonesFolder = (generation: GenerationReference): string =>
  `${generationFolder(generation)}tombstones/`

export const rangeSamplesFolder = (generation: GenerationReference): string =>
  `${generationFolder(generation)}calibration/`

/** The number that a key of ten digits ends with; NaN for any other key. */
export function numberOfKey(key: string): number {
  return Number(/(?:^|\/)(\d{10})\.json$/.exec(key)?.[1] ?? Number.NaN)
}

/** Ten digits, so that the order of the keys is the order of the numbers. */
function tenDigits(number: number): string {
  return String(number).padStart(10, '0')
}
