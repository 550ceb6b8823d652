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

export const generationsFolder = (index: string): string => `${indexFolder(index)}generations/`

const generationFolder = ({ index, generation }: GenerationReference): string =>
  `${generationsFolder(index)}${generation}/`

export const manifestsFolder = (generation: GenerationReference): string => `${generationFolder(generation)}manifest/`

/** Ten digits, so that the order of the keys is the order of the versions. */
export const manifestKey = (generation: GenerationReference, version: number): string =>
  `${manifestsFolder(generation)}${String(version).padStart(10, '0')}.json`

export const tombstonesKey = (generation: GenerationReference, digest: string): string =>
  `${generationFolder(generation)}tombstones/${digest}.safetensors`

export const calibrationKey = (generation: GenerationReference, digest: string): string =>
  `${generationFolder(generation)}calibration/${digest}.safetensors`

export const segmentFolder = (segment: SegmentReference): string =>
  `${generationFolder(segment)}segments/${segment.digest}/`
