import { HypershardError } from '@hypershard/common'
import { deletingKey, type GenerationReference, generationFolder } from '../../layout.ts'
import type { Manifest, ManifestFiles } from '../../manifest/manifest.ts'
import { filesOf } from '../../manifest/manifest-files.ts'
import { latestManifest } from '../../manifest/manifest-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { readGeneration } from '../generation/generation-record.ts'
import { filesIn } from '../generation/stored-files.ts'
import { readIndex } from '../index/index-record.ts'
import { unlessGone } from './unless-gone.ts'

/**
 * Sees to it that the files which something new needs are there to stay. Called once that is in the store: a collection
 * that begins later sees it and keeps them; one that began before has condemned them by now, has deleted them, or sees it
 * when it looks again before it deletes.
 * @throws HypershardError `conflict` when one is gone or about to be: what needs it must be taken back
 */
export async function requireKept(store: ObjectStore, manifest: ManifestFiles & GenerationReference): Promise<void> {
  for (const files of Map.groupBy(filesOf(manifest), ({ home }) => generationFolder(home)).values()) {
    const { home } = files[0]!
    const newest = await unlessGone(homeManifest(store, home))
    if (newest === undefined) throw gone(home, 'the index')
    const there = await filesIn(store, home)
    for (const { file } of files) {
      const keys = there.get(file) ?? []
      // A segment without its record is not one.
      const stored = file.startsWith('segments/') ? keys.some(key => key.endsWith('/segment.json')) : keys.length > 0
      if (!stored || newest.condemned.includes(file)) throw gone(home, file)
    }
  }
}

/** @throws HypershardError `index_not_found`, `generation_not_found`, `conflict` */
async function homeManifest(store: ObjectStore, home: GenerationReference): Promise<Manifest> {
  if ((await store.get(deletingKey(home.index))) !== undefined) throw gone(home, 'the index')
  const index = await readIndex(store, home.index)
  return latestManifest(store, await readGeneration(store, index, home.generation))
}

function gone({ index, generation }: GenerationReference, file: string): HypershardError {
  const message = `index \`${index}\`, generation ${generation}: ${file} is being deleted; start over`
  return new HypershardError('conflict', message, { details: { index, generation, file } })
}
