import { hrefOf } from '../../router/hash-route.ts'

/** A link that opens a document of an index. */
export function documentHref(index: string, id: string): string {
  return hrefOf('indexes', { index, document: id })
}
