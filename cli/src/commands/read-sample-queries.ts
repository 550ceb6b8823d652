import { readQueries } from '@hypershard/evaluation'

/** As many as a coordinator takes. */
const queriesMax = 64

/**
 * Queries of users to calibrate graphs with: as many of a file as are taken, spread evenly over it.
 * @param path JSONL with `_id` and `text`, or id<TAB>text
 * @throws HypershardError `invalid_request` with the line
 */
export async function readSampleQueries(path: string): Promise<string[]> {
  const texts = [...(await readQueries(path)).values()]
  const count = Math.min(texts.length, queriesMax)
  return Array.from({ length: count }, (_, at) => texts[Math.floor((at * texts.length) / count)]!)
}
