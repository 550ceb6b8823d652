import { fromCodePoints } from '@hypershard/common'
import type { Passage } from '@hypershard/proto/shard'

/** A passage with its own text, where the document's is given. */
export function passageOf({ begin, end }: Passage, text: string | undefined) {
  return { begin, end, ...(text !== undefined && { text: text.slice(...fromCodePoints(text, [begin, end])) }) }
}
