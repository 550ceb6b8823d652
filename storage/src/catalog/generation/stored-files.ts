import {
  asideFolder,
  type GenerationReference,
  generationFolder,
  rangeSamplesFolder,
  segmentsFolder,
  tombstonesFolder,
} from '../../layout.ts'
import type { ObjectStore } from '../../store/object-store.ts'

/** The folders of a generation whose files manifests name. */
export const fileFolders = [segmentsFolder, tombstonesFolder, rangeSamplesFolder, asideFolder]

/** The keys of each file or segment, by its name in the generation: `segments/<digest>`, `tombstones/<digest>`. */
export async function filesIn(store: ObjectStore, generation: GenerationReference): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>()
  const root = generationFolder(generation)
  for (const folder of fileFolders) {
    for (const key of await store.list(folder(generation))) {
      const [kind, name] = key.slice(root.length).split('/') as [string, string]
      const file = `${kind}/${name.split('.')[0]}`
      files.set(file, [...(files.get(file) ?? []), key])
    }
  }
  return files
}
