import {
  borrowersOf,
  deleteIndex,
  forgetOwnName,
  type IndexRecord,
  type ObjectStore,
  releaseAliases,
} from '@hypershard/storage'

/**
 * Deletes an index from the store, with its names.
 * @param index its record is undefined when it could not be read
 * @param gone told once there is no index any more, while its files are still being deleted
 * @throws HypershardError `index_not_found`, `index_in_use`
 */
export async function deleteStored(
  store: ObjectStore,
  { name, record }: { readonly name: string; readonly record: IndexRecord | undefined },
  aliases: 'refuse' | 'delete',
  gone: () => void,
): Promise<void> {
  const going = { name, uid: record?.uid }
  await deleteIndex(store, name, {
    borrowers: record && (() => borrowersOf(store, record)),
    release: () => releaseAliases(store, going, aliases),
    gone,
  })
  await forgetOwnName(store, going)
}
