import { formatCountOf } from '../../terminal/format-number.ts'
import { advice, type Check, ok } from '../check.ts'
import type { ClusterFacts } from './gather-cluster.ts'

/** No acknowledged document is left out of searches. */
export const documentsAside: Check<ClusterFacts> = {
  name: 'documents aside',
  look: ({ indexes }) => {
    if (indexes === undefined || indexes.length === 0) return []
    const aside = indexes.filter(({ documents_aside }) => documents_aside > 0)
    if (aside.length === 0) return [ok('no document is set aside')]
    return aside.map(({ name, documents_aside }) => {
      const says = `${formatCountOf(documents_aside, 'document')} of ${name} could not be encoded and cannot be found by searches`
      return advice(says, `\`hypershard documents aside ${name}\` tells why; put them again once that is mended`)
    })
  },
}
