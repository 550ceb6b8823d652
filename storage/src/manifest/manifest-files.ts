/** Which files a manifest needs, and where they lie: some may be in the folder of the build that it was restored or cloned from. */
import type { GenerationReference, SegmentReference } from '../layout.ts'
import type { ManifestFiles } from './manifest.ts'

/** A file that a manifest names. */
interface NamedFile {
  readonly digest: string
  readonly home?: GenerationReference | undefined
}

/** The generation whose folder has a file of a manifest. */
export function homeOf({ index, generation }: GenerationReference, { home }: NamedFile): GenerationReference {
  return home ?? { index, generation }
}

/** Where a segment of a manifest is. */
export function segmentAt(manifest: GenerationReference, entry: NamedFile): SegmentReference {
  return { ...homeOf(manifest, entry), digest: entry.digest }
}

/** Every file that a manifest needs, as `segments/<digest>`, `tombstones/<digest>` and so on, and where it lies. */
export function filesOf(manifest: ManifestFiles & GenerationReference): { home: GenerationReference; file: string }[] {
  const { segments, calibration, scaleSample, aside } = manifest
  const named = (kind: string, file: NamedFile | null | undefined) =>
    file == null ? [] : [{ home: homeOf(manifest, file), file: `${kind}/${file.digest}` }]
  return [
    ...segments.flatMap(entry => [...named('segments', entry), ...named('tombstones', entry.deleted)]),
    ...named('calibration', calibration),
    ...named('calibration', scaleSample),
    ...named('aside', aside),
  ]
}

/** The files in one generation's folder that a manifest, of that or of another, needs. */
export function filesAt(manifest: ManifestFiles & GenerationReference, place: GenerationReference): string[] {
  const { index, generation } = place
  return filesOf(manifest)
    .filter(({ home }) => home.index === index && home.generation === generation)
    .map(({ file }) => file)
}

/** The same files as another generation names them. */
export function borrowFiles(manifest: ManifestFiles & GenerationReference) {
  const from = <File extends NamedFile>(file: File): File => ({ ...file, home: homeOf(manifest, file) })
  const { segments, aside, calibration, scaleSample } = manifest
  return {
    segments: segments.map(entry => from({ ...entry, deleted: entry.deleted && from(entry.deleted) })),
    aside: aside && from(aside),
    calibration: calibration && from(calibration),
    ...(scaleSample && { scaleSample: from(scaleSample) }),
  }
}
