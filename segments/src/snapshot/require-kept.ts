import { HypershardError } from '@hypershard/common'
import { readGeneration } from '../generation/generation-record.ts'
import { readIndex } from '../index/index-record.ts'
import { deletingKey, type GenerationReference, generationFolder } from '../layout.ts'
import type { Manifest, ManifestFiles } from '../manifest/manifest.ts'
import { filesOf } from '../manifest/manifest-files.ts'
import { latestManifest } from '../manifest/manifest-store.ts'
import type { ObjectStore } from '../store/object-store.ts'

/**
 * Sees to it that the files which something new needs are there to stay. Called once that is in the store: a collection
 * that begins later sees it and keeps them; one that began before has condemned them by now, has deleted them, or sees it
 * when it looks again before it deletes.
 * @throws HypershardError `conflict` when one is gone or about to be: what needs it must be taken back
 */
export async function requireKept(store: ObjectStore, manifest: ManifestFiles & GenerationReference): Promise<void> {
  const byHome = Map.groupBy(filesOf(manifest), ({ home }) => generationFolder(home))
  for (const [folder, files] of byHome) {
    const { condemned } = await homeManifest(store, files[0]!.home)
    const there = new Set((await store.list(folder)).map(key => key.slice(folder.length).replace(/\.[a-z]+$/, '')))
    for (const { home, file } of files) {
      const kept = !condemned.includes(file) && there.has(file.startsWith('segments/') ? `${file}/segment` : file)
      if (!kept) throw gone(home, file)
    }
  }
}

async function homeManifest(store: ObjectStore, home: GenerationReference): Promise<Manifest> {
  try {
    if ((await store.get(deletingKey(home.index))) !== undefined) throw gone(home, 'the index')
    const index = await readIndex(store, home.index)
    return await latestManifest(store, await readGeneration(store, index, home.generation))
  } catch (error) {
    const missing = error instanceof HypershardError && ['index_not_found', 'generation_not_found'].includes(error.code)
    throw missing ? gone(home, 'the index', error) : error
  }
}

function gone({ index, generation }: GenerationReference, file: string, cause?: unknown): HypershardError {
  const message = `index \`${index}\`, generation ${generation}: ${file} is being deleted; start over`
  return new HypershardError('conflict', message, { details: { index, generation, file }, cause })
}
